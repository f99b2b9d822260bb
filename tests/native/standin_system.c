/*
 * standin_system.c - time, environment, the debugger's output, modules.
 */
#include "standin_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

BOOL standin_narrow(LPCWSTR from, char *to, size_t size)
{
    while (*from) {
        unsigned c = *from++;
        char bytes[4];
        size_t count = 0;
        if (c >= 0xd800 && c < 0xdc00 && *from >= 0xdc00 && *from < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (*from++ - 0xdc00U);
        }
        if (c < 0x80) {
            bytes[count++] = (char)c;
        } else if (c < 0x800) {
            bytes[count++] = (char)(0xc0 | c >> 6);
            bytes[count++] = (char)(0x80 | (c & 63));
        } else if (c < 0x10000) {
            bytes[count++] = (char)(0xe0 | c >> 12);
            bytes[count++] = (char)(0x80 | (c >> 6 & 63));
            bytes[count++] = (char)(0x80 | (c & 63));
        } else {
            bytes[count++] = (char)(0xf0 | c >> 18);
            bytes[count++] = (char)(0x80 | (c >> 12 & 63));
            bytes[count++] = (char)(0x80 | (c >> 6 & 63));
            bytes[count++] = (char)(0x80 | (c & 63));
        }
        if (count >= size) {
            return FALSE;
        }
        memcpy(to, bytes, count);
        to += count;
        size -= count;
    }
    *to = 0;
    return TRUE;
}

/* Decodes well-formed UTF-8; each other byte becomes a character. */
size_t standin_widen(const char *from, WCHAR *to, size_t size)
{
    size_t count = 0;

    while (*from) {
        unsigned c = (BYTE)*from++;
        int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
        if (more) {
            c &= 0x3fU >> more;
        }
        for (; more && ((BYTE)*from & 0xc0) == 0x80; more--) {
            c = c << 6 | ((BYTE)*from++ & 63U);
        }
        if (c >= 0x10000) {
            if (count < size) {
                to[count] = (WCHAR)(0xd800 + ((c - 0x10000) >> 10));
            }
            count++;
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        if (count < size) {
            to[count] = (WCHAR)c;
        }
        count++;
    }
    if (count < size) {
        to[count] = 0;
    }
    return count;
}

ULONGLONG standin_nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (ULONGLONG)now.tv_sec * 1000000000U + (ULONGLONG)now.tv_nsec;
}

/* Time, environment, debugger */

DWORD GetTickCount(void)
{
    return (DWORD)(standin_nanoseconds() / 1000000U);
}

BOOL QueryPerformanceCounter(LARGE_INTEGER *count)
{
    count->QuadPart = (LONGLONG)standin_nanoseconds();
    return TRUE;
}

BOOL QueryPerformanceFrequency(LARGE_INTEGER *frequency)
{
    frequency->QuadPart = 1000000000;
    return TRUE;
}

DWORD GetEnvironmentVariableA(LPCSTR name, LPSTR buffer, DWORD size)
{
    DWORD result = 0;

    if (!standin_begin_call(STANDIN_GetEnvironmentVariable)) {
        SetLastError(ERROR_ENVVAR_NOT_FOUND);
    } else {
        const char *value = getenv(name);
        if (!value) {
            SetLastError(ERROR_ENVVAR_NOT_FOUND);
        } else {
            size_t length = strlen(value);
            if (length < size) {
                memcpy(buffer, value, length + 1);
                result = (DWORD)length;
            } else {
                result = (DWORD)length + 1; /* the size that it would need */
            }
        }
    }
    standin_end_call(STANDIN_GetEnvironmentVariable);
    return result;
}

DWORD GetEnvironmentVariableW(LPCWSTR name, LPWSTR buffer, DWORD size)
{
    DWORD result = 0;
    char text[256];

    if (!standin_begin_call(STANDIN_GetEnvironmentVariable) ||
        !standin_narrow(name, text, sizeof text) || !getenv(text)) {
        SetLastError(ERROR_ENVVAR_NOT_FOUND);
    } else {
        result = (DWORD)standin_widen(getenv(text), buffer, size);
        if (result >= size) {
            result++; /* the size that it would need */
        }
    }
    standin_end_call(STANDIN_GetEnvironmentVariable);
    return result;
}

BOOL SetEnvironmentVariableA(LPCSTR name, LPCSTR value)
{
    int failed;

    standin_enter();
    failed = value ? setenv(name, value, 1) : unsetenv(name);
    standin_leave();
    return failed == 0;
}

static int debug_lock;
static char debug_text[65536];
static size_t debug_length;

void OutputDebugStringA(LPCSTR text)
{
    size_t length = strlen(text);

    standin_enter();
    if (getenv("STANDIN_DEBUG")) {
        (void)!write(2, text, length);
    }
    standin_lock(&debug_lock);
    if (length > sizeof debug_text - 1 - debug_length) {
        length = sizeof debug_text - 1 - debug_length;
    }
    memcpy(debug_text + debug_length, text, length);
    debug_length += length;
    debug_text[debug_length] = 0;
    standin_unlock(&debug_lock);
    standin_leave();
    SetLastError(ERROR_INVALID_FUNCTION); /* Windows may do this too */
}

void OutputDebugStringW(LPCWSTR text)
{
    char bytes[4096];

    if (!standin_narrow(text, bytes, sizeof bytes)) {
        standin_die("a line too long for the debugger output");
    }
    OutputDebugStringA(bytes);
}

const char *standin_debug_text(void)
{
    return debug_text;
}

void standin_clear_debug_text(void)
{
    standin_enter();
    standin_lock(&debug_lock);
    debug_length = 0;
    debug_text[0] = 0;
    standin_unlock(&debug_lock);
    standin_leave();
}

void ExitProcess(UINT code)
{
    fflush(NULL);
    _exit((int)code);
}

/* Modules */

static struct standin_module_hooks modules;

void standin_set_module_hooks(const struct standin_module_hooks *hooks)
{
    static const struct standin_module_hooks none;

    modules = hooks ? *hooks : none;
}

HMODULE GetModuleHandleA(LPCSTR name)
{
    HMODULE found;

    if (!name) {
        return (HMODULE)(void *)&modules;
    }
    found = modules.find ? modules.find(name) : NULL;
    if (!found) {
        SetLastError(ERROR_MOD_NOT_FOUND);
    }
    return found;
}

/* Hooks are the test's own code: they run outside the call. */

static DWORD module_file_name(enum standin_call which, HMODULE module, LPSTR buffer, DWORD size)
{
    DWORD length = 0;
    BOOL go = standin_begin_call(which);

    standin_leave();
    if (go && modules.file_name) {
        length = modules.file_name(module, buffer, size);
    } else {
        SetLastError(ERROR_MOD_NOT_FOUND);
    }
    standin_enter();
    standin_end_call(which);
    return length;
}

DWORD GetModuleFileNameA(HMODULE module, LPSTR buffer, DWORD size)
{
    return module_file_name(STANDIN_GetModuleFileNameA, module, buffer, size);
}

DWORD GetModuleFileNameW(HMODULE module, LPWSTR buffer, DWORD size)
{
    char name[1024];
    DWORD length = module_file_name(STANDIN_GetModuleFileNameW, module, name,
                                    size < sizeof name ? size : (DWORD)sizeof name);

    if (length < size && length < sizeof name) {
        name[length] = 0;
        length = (DWORD)standin_widen(name, buffer, size);
    }
    return length;
}

static HMODULE load_library(enum standin_call which, LPCSTR name, DWORD flags)
{
    HMODULE module = NULL;
    BOOL go = standin_begin_call(which);

    standin_leave();
    if (go && modules.load) {
        module = modules.load(name, flags);
    } else {
        SetLastError(ERROR_MOD_NOT_FOUND);
    }
    standin_enter();
    standin_end_call(which);
    return module;
}

HMODULE LoadLibraryExA(LPCSTR name, HANDLE file, DWORD flags)
{
    (void)file;
    return load_library(STANDIN_LoadLibraryExA, name, flags);
}

HMODULE LoadLibraryExW(LPCWSTR name, HANDLE file, DWORD flags)
{
    char text[1024];

    (void)file;
    if (!standin_narrow(name, text, sizeof text)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return load_library(STANDIN_LoadLibraryExW, text, flags);
}

HMODULE LoadLibraryA(LPCSTR name)
{
    return LoadLibraryExA(name, NULL, 0);
}

FARPROC GetProcAddress(HMODULE module, LPCSTR name)
{
    FARPROC found = NULL;
    BOOL go = standin_begin_call(STANDIN_GetProcAddress);

    standin_leave();
    if (go && modules.address) {
        found = modules.address(module, name);
    } else {
        SetLastError(ERROR_PROC_NOT_FOUND);
    }
    standin_enter();
    standin_end_call(STANDIN_GetProcAddress);
    return found;
}

BOOL FreeLibrary(HMODULE module)
{
    if (modules.release) {
        return modules.release(module);
    }
    SetLastError(ERROR_INVALID_HANDLE);
    return FALSE;
}

BOOL DisableThreadLibraryCalls(HMODULE module)
{
    (void)module;
    return TRUE;
}

DWORD GetFileAttributesA(LPCSTR name)
{
    DWORD result = INVALID_FILE_ATTRIBUTES;
    BOOL go = standin_begin_call(STANDIN_GetFileAttributes);

    standin_leave();
    if (go && (modules.exists ? modules.exists(name) : access(name, F_OK) == 0)) {
        result = FILE_ATTRIBUTE_NORMAL;
    } else {
        SetLastError(ERROR_FILE_NOT_FOUND);
    }
    standin_enter();
    standin_end_call(STANDIN_GetFileAttributes);
    return result;
}

DWORD GetFileAttributesW(LPCWSTR name)
{
    char text[1024];

    if (!standin_narrow(name, text, sizeof text)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_FILE_ATTRIBUTES;
    }
    return GetFileAttributesA(text);
}
