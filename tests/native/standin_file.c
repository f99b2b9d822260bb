/*
 * standin_file.c - files.
 */
#include "standin_private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct file {
    struct object object;
    int descriptor;
};

void standin_file_end(struct object *object)
{
    close(((struct file *)(void *)object)->descriptor);
    standin_pool_free(object, sizeof(struct file));
}

static HANDLE create_file(LPCSTR name, DWORD access, DWORD disposition)
{
    int flags = O_CLOEXEC;
    BOOL reads = (access & (GENERIC_READ | FILE_READ_DATA)) != 0;
    BOOL writes = (access & (GENERIC_WRITE | FILE_WRITE_DATA | FILE_APPEND_DATA)) != 0;
    struct file *file;
    HANDLE handle;
    int descriptor;

    flags |= reads && writes ? O_RDWR : writes ? O_WRONLY : O_RDONLY;
    if ((access & FILE_APPEND_DATA) && !(access & (GENERIC_WRITE | FILE_WRITE_DATA))) {
        flags |= O_APPEND;
    }
    switch (disposition) {
    case CREATE_NEW:
        flags |= O_CREAT | O_EXCL;
        break;
    case CREATE_ALWAYS:
        flags |= O_CREAT | O_TRUNC;
        break;
    case OPEN_EXISTING:
        break;
    case OPEN_ALWAYS:
        flags |= O_CREAT;
        break;
    case TRUNCATE_EXISTING:
        flags |= O_TRUNC;
        break;
    default:
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    descriptor = open(name, flags, 0666);
    if (descriptor < 0) {
        SetLastError(errno == ENOENT   ? ERROR_FILE_NOT_FOUND
                     : errno == EEXIST ? ERROR_FILE_EXISTS
                                       : ERROR_ACCESS_DENIED);
        return INVALID_HANDLE_VALUE;
    }
    file = standin_pool_new(sizeof *file);
    if (!file) {
        standin_die("no memory for a file");
    }
    file->object.type = OBJECT_FILE;
    file->object.references = 1;
    file->descriptor = descriptor;
    handle = standin_handle_new(&file->object);
    standin_object_done(&file->object);
    return handle ? handle : INVALID_HANDLE_VALUE;
}

HANDLE CreateFileA(LPCSTR name, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES security,
                   DWORD disposition, DWORD flags, HANDLE model)
{
    HANDLE handle = INVALID_HANDLE_VALUE;

    (void)share;
    (void)security;
    (void)flags;
    (void)model;
    if (!standin_begin_call(STANDIN_CreateFile)) {
        SetLastError(ERROR_ACCESS_DENIED);
    } else {
        handle = create_file(name, access, disposition);
    }
    standin_end_call(STANDIN_CreateFile);
    return handle;
}

HANDLE CreateFileW(LPCWSTR name, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES security,
                   DWORD disposition, DWORD flags, HANDLE model)
{
    char text[4096];

    if (!standin_narrow(name, text, sizeof text)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    return CreateFileA(text, access, share, security, disposition, flags, model);
}

static struct file *file_of(HANDLE handle)
{
    return (struct file *)(void *)standin_object_of(handle, OBJECT_FILE);
}

/* Begins a call on a file: the file, referenced, or NULL with the last error: this one if the call
   is to fail. */
static struct file *begin_on_file(enum standin_call which, HANDLE handle, DWORD error)
{
    if (!standin_begin_call(which)) {
        SetLastError(error);
        return NULL;
    }
    return file_of(handle);
}

BOOL WriteFile(HANDLE handle, LPCVOID data, DWORD size, DWORD *written, LPOVERLAPPED overlapped)
{
    BOOL done = FALSE;
    struct file *file;

    (void)overlapped;
    if (written) {
        *written = 0;
    }
    file = begin_on_file(STANDIN_WriteFile, handle, ERROR_ACCESS_DENIED);
    if (file) {
        ssize_t put = write(file->descriptor, data, size);
        if (put >= 0) {
            if (written) {
                *written = (DWORD)put;
            }
            done = TRUE;
        } else {
            SetLastError(ERROR_ACCESS_DENIED);
        }
        standin_object_done(&file->object);
    }
    standin_end_call(STANDIN_WriteFile);
    return done;
}

BOOL ReadFile(HANDLE handle, LPVOID data, DWORD size, DWORD *got, LPOVERLAPPED overlapped)
{
    BOOL done = FALSE;
    struct file *file;

    (void)overlapped;
    if (got) {
        *got = 0;
    }
    file = begin_on_file(STANDIN_ReadFile, handle, ERROR_ACCESS_DENIED);
    if (file) {
        ssize_t taken = read(file->descriptor, data, size);
        if (taken >= 0) {
            if (got) {
                *got = (DWORD)taken;
            }
            done = TRUE;
        } else {
            SetLastError(ERROR_ACCESS_DENIED);
        }
        standin_object_done(&file->object);
    }
    standin_end_call(STANDIN_ReadFile);
    return done;
}

DWORD SetFilePointer(HANDLE handle, LONG distance, LONG *high, DWORD method)
{
    DWORD result = INVALID_SET_FILE_POINTER;
    struct file *file = begin_on_file(STANDIN_SetFilePointer, handle, ERROR_INVALID_PARAMETER);

    if (file) {
        LONGLONG to = high ? (LONGLONG)(((ULONGLONG)(DWORD)*high << 32) | (DWORD)distance)
                           : (LONGLONG)distance;
        off_t at = lseek(file->descriptor, to,
                         method == FILE_BEGIN     ? SEEK_SET
                         : method == FILE_CURRENT ? SEEK_CUR
                                                  : SEEK_END);
        if (at >= 0) {
            result = (DWORD)(ULONGLONG)at;
            if (high) {
                *high = (LONG)(at >> 32);
            }
            SetLastError(NO_ERROR);
        } else {
            SetLastError(ERROR_INVALID_PARAMETER);
        }
        standin_object_done(&file->object);
    }
    standin_end_call(STANDIN_SetFilePointer);
    return result;
}

DWORD GetFileSize(HANDLE handle, DWORD *high)
{
    DWORD result = INVALID_FILE_SIZE;
    struct file *file;

    standin_enter();
    file = file_of(handle);
    if (file) {
        off_t here = lseek(file->descriptor, 0, SEEK_CUR);
        off_t size = lseek(file->descriptor, 0, SEEK_END);
        lseek(file->descriptor, here, SEEK_SET);
        if (size >= 0) {
            result = (DWORD)(ULONGLONG)size;
            if (high) {
                *high = (DWORD)((ULONGLONG)size >> 32);
            }
        }
        standin_object_done(&file->object);
    }
    standin_leave();
    return result;
}

BOOL DeleteFileA(LPCSTR name)
{
    if (unlink(name) != 0) {
        SetLastError(ERROR_FILE_NOT_FOUND);
        return FALSE;
    }
    return TRUE;
}
