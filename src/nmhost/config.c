#include "config.h"

PEXPERTCONFIG config_load(const LIBRARY *library, HEXPERTKEY key, const char *path)
{
    PEXPERTCONFIG config = NULL;
    DWORD read = 0;

    HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    DWORD size = GetFileSize(file, NULL);
    if (size >= sizeof(DWORD) && size <= CONFIG_MOST)
        config = library->alloc_memory(key, size, NULL);
    if (config != NULL && (!ReadFile(file, config, size, &read, NULL) || read != size ||
                           config->RawConfigLength != size)) {
        library->free_memory(key, config);
        config = NULL;
    }
    CloseHandle(file);
    return config;
}

BOOL config_save(const LIBRARY *library, HEXPERTKEY key, PEXPERTCONFIG config, const char *path)
{
    DWORD written = 0;

    if (config == NULL)
        return TRUE;
    SIZE_T size = library->memory_size(key, config);
    if (size < sizeof(DWORD))
        return FALSE;
    DWORD length = config->RawConfigLength;
    if (length < sizeof(DWORD) || length > size || length > CONFIG_MOST)
        return FALSE;
    HANDLE file =
        CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    BOOL good = WriteFile(file, config, length, &written, NULL) && written == length;
    CloseHandle(file);
    return good;
}
