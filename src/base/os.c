#include "base/os.h"

DWORD os_tls_index = TLS_OUT_OF_INDEXES;
static void(WINAPI *flush_write_buffers)(void); /* NULL: the system has no such call that works */

void *os_reserve(void *address, SIZE_T bytes)
{
    return VirtualAlloc(address, bytes, MEM_RESERVE, OS_PLAIN);
}

static void *find_free_from(ULONG_PTR from, SIZE_T bytes, SIZE_T alignment, os_skip *skip)
{
    MEMORY_BASIC_INFORMATION area;

    for (ULONG_PTR at = from, end;; at = end) {
        ULONG_PTR first;
        while (skip && (end = skip(at)) > at)
            at = end;
        if (VirtualQuery((LPCVOID)at, &area, sizeof area) != sizeof area)
            break;
        first = (ULONG_PTR)area.BaseAddress;
        end = first + area.RegionSize;
        if (area.State == MEM_FREE) {
            first = ((first > from ? first : from) + alignment - 1) & ~(ULONG_PTR)(alignment - 1);
            if (first && first < end && end - first >= bytes)
                return (void *)first;
        }
        if (end <= at) /* the last area ends where addresses do */
            break;
    }
    return NULL;
}

void *os_find_free(void *hint, SIZE_T bytes, SIZE_T alignment, os_skip *skip)
{
    void *found = hint ? find_free_from((ULONG_PTR)hint, bytes, alignment, skip) : NULL;
    return found ? found : find_free_from(OS_GRANULE, bytes, alignment, skip);
}

int os_is_reserved(void *address, SIZE_T bytes, DWORD made)
{
    MEMORY_BASIC_INFORMATION area;
    ULONG_PTR at = (ULONG_PTR)address;

    while (VirtualQuery((LPCVOID)at, &area, sizeof area) == sizeof area && area.State != MEM_FREE &&
           area.AllocationBase == address && area.AllocationProtect == made)
        at += area.RegionSize;
    return at - (ULONG_PTR)address == bytes;
}

void *os_reserve_noted(void *volatile *note, void *hint, SIZE_T bytes)
{
    char *at = hint;

    for (unsigned tries = 0; tries < 16; tries++) {
        at = os_find_free(at, bytes, OS_GRANULE, NULL);
        *note = at;
        KILL_POINT("reservation noted");
        if (!at || VirtualAlloc(at, bytes, MEM_RESERVE, OS_NOTED))
            return at;
        /* Another thread was first; or, under Wine, the C library below, of which VirtualQuery knows nothing. */
        at += OS_GRANULE << tries;
    }
    return *note = NULL;
}

void os_release(void *address)
{
    VirtualFree(address, 0, MEM_RELEASE);
}

int os_commit(void *address, SIZE_T bytes)
{
    return VirtualAlloc(address, bytes, MEM_COMMIT, PAGE_READWRITE) != NULL;
}

int os_decommit(void *address, SIZE_T bytes)
{
    return VirtualFree(address, bytes, MEM_DECOMMIT) != 0;
}

int os_tls_open(void)
{
    DWORD index;

    if (os_tls_index != TLS_OUT_OF_INDEXES)
        return 1;
    index = TlsAlloc();
    if (index == TLS_OUT_OF_INDEXES)
        return 0;
    if (InterlockedCompareExchange((volatile LONG *)&os_tls_index, (LONG)index,
                                   (LONG)TLS_OUT_OF_INDEXES) != (LONG)TLS_OUT_OF_INDEXES)
        TlsFree(index); /* another thread was first */
    return 1;
}

void os_tls_close(void)
{
    if (os_tls_index != TLS_OUT_OF_INDEXES)
        TlsFree(os_tls_index);
    os_tls_index = TLS_OUT_OF_INDEXES;
}

int os_tls_set(void *value)
{
    return TlsSetValue(os_tls_index, value) != 0;
}

void *os_tls_get_far(void)
{
    DWORD error;
    void *value;

    if (os_tls_index == TLS_OUT_OF_INDEXES)
        return NULL;
    error = GetLastError();
    value = TlsGetValue(os_tls_index);
    SetLastError(error);
    return value;
}

int os_thread_open(HANDLE *handle)
{
    return DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), handle, 0,
                           FALSE, DUPLICATE_SAME_ACCESS) != 0;
}

int os_thread_is_alive(HANDLE handle)
{
    return WaitForSingleObject(handle, 0) != WAIT_OBJECT_0; /* who can't tell must not reap */
}

DWORD os_thread_suspend(HANDLE handle)
{
    DWORD times = SuspendThread(handle);

    return times == (DWORD)-1 ? 0 : times;
}

DWORD os_thread_resume(HANDLE handle)
{
    DWORD times = ResumeThread(handle);

    return times == (DWORD)-1 ? 0 : times;
}

/* Windows has had a call for this since Vista; Wine has it too, but in some versions it does nothing. Elsewhere
   time does the same: an x86 processor writes its stores out within microseconds, at every interrupt at the
   latest. Unlike a suspension this leaves nothing behind if the thread is killed in it. */
void os_settle_stores(void)
{
    if (flush_write_buffers)
        flush_write_buffers();
    else
        Sleep(1);
}

unsigned os_barrier_calls(void)
{
    return flush_write_buffers ? 1024 : 65536;
}

/* Under the loader lock, where nobody is killed: a thread that died while it looked would keep that lock. */
void os_attach(void)
{
    HMODULE kernel = GetModuleHandleA("kernel32.dll"), system = GetModuleHandleA("ntdll.dll");

    if (kernel && !(system && GetProcAddress(system, "wine_get_version")))
        flush_write_buffers =
            (void(WINAPI *)(void))(ULONG_PTR)GetProcAddress(kernel, "FlushProcessWriteBuffers");
    os_tls_open(); /* if it fails, the first call tries again */
}

void os_close(HANDLE handle)
{
    CloseHandle(handle);
}

void os_yield(unsigned round)
{
    Sleep(round < OS_ROUNDS ? 0 : 1);
}

DWORD os_milliseconds(void)
{
    return GetTickCount();
}

DWORD os_environment(const char *name, char *buffer, DWORD bytes)
{
    DWORD length = GetEnvironmentVariableA(name, buffer, bytes);
    return length < bytes ? length : 0;
}

void os_debug_line(const char *text)
{
    OutputDebugStringA(text);
}

int os_append(const char *path, const char *text, DWORD bytes)
{
    DWORD written = 0;
    HANDLE file = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);

    if (file == INVALID_HANDLE_VALUE)
        return 0;
    SetFilePointer(file, 0, NULL, FILE_END);
    WriteFile(file, text, bytes, &written, NULL);
    CloseHandle(file);
    return written == bytes;
}
