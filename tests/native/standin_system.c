/*
 * standin_system.c - time, environment, the debugger's output, modules.
 */
#include "standin_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

    if (!standin_begin_call(STANDIN_GetEnvironmentVariableA)) {
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
                result = (DWORD)length + 1; /* what it would take */
            }
        }
    }
    standin_end_call(STANDIN_GetEnvironmentVariableA);
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

/* Names are bytes behind the hooks: the wide calls take and give Latin-1. */
static BOOL narrow(LPCWSTR from, char *to, size_t size)
{
    while (*from && size > 1) {
        *to++ = (char)*from++;
        size--;
    }
    *to = 0;
    return *from == 0;
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

/* Hooks are the test's own code: they run outside of the call. */

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
    DWORD i;

    for (i = 0; i < length && i < size; i++) {
        buffer[i] = (WCHAR)(BYTE)name[i];
    }
    if (length < size) {
        buffer[length] = 0;
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
    if (!narrow(name, text, sizeof text)) {
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

    if (!narrow(name, text, sizeof text)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return INVALID_FILE_ATTRIBUTES;
    }
    return GetFileAttributesA(text);
}
