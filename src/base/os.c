#include "base/os.h"

DWORD os_tls_index = TLS_OUT_OF_INDEXES;
static void(WINAPI *flush_write_buffers)(void); /* NULL: the system has no such call that works */

/* The calls of memory, each with the last error as it was. */

static void *allocate(void *address, SIZE_T bytes, DWORD type, DWORD protection)
{
    DWORD error = GetLastError();
    void *result = VirtualAlloc(address, bytes, type, protection);

    SetLastError(error);
    return result;
}

static int release(void *address, SIZE_T bytes, DWORD type)
{
    DWORD error = GetLastError();
    BOOL done = VirtualFree(address, bytes, type);

    SetLastError(error);
    return done != 0;
}

static int query(ULONG_PTR address, MEMORY_BASIC_INFORMATION *area)
{
    DWORD error = GetLastError();
    SIZE_T length = VirtualQuery((LPCVOID)address, area, sizeof *area);

    SetLastError(error);
    return length == sizeof *area;
}

void *os_reserve(void *address, SIZE_T bytes)
{
    return allocate(address, bytes, MEM_RESERVE, OS_PLAIN);
}

static void *find_free_from(ULONG_PTR from, SIZE_T bytes, SIZE_T alignment, os_skip *skip)
{
    MEMORY_BASIC_INFORMATION area;

    for (ULONG_PTR at = from, end;; at = end) {
        ULONG_PTR first;
        while (skip && (end = skip(at)) > at)
            at = end;
        if (!query(at, &area))
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

    while (query(at, &area) && area.State != MEM_FREE && area.AllocationBase == address &&
           area.AllocationProtect == made)
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
        if (!at || allocate(at, bytes, MEM_RESERVE, OS_NOTED))
            return at;
        /* Another thread was first; or, under Wine, the C library below, of which VirtualQuery knows nothing. */
        at += OS_GRANULE << tries;
    }
    return *note = NULL;
}

void os_release(void *address)
{
    release(address, 0, MEM_RELEASE);
}

int os_commit(void *address, SIZE_T bytes)
{
    return allocate(address, bytes, MEM_COMMIT, PAGE_READWRITE) != NULL;
}

int os_decommit(void *address, SIZE_T bytes)
{
    return release(address, bytes, MEM_DECOMMIT);
}

int os_tls_open(void)
{
    DWORD index, error;

    if (os_tls_index != TLS_OUT_OF_INDEXES)
        return 1;
    error = GetLastError();
    index = TlsAlloc();
    if (index == TLS_OUT_OF_INDEXES) {
        SetLastError(error);
        return 0;
    }
    if (InterlockedCompareExchange((volatile LONG *)&os_tls_index, (LONG)index,
                                   (LONG)TLS_OUT_OF_INDEXES) != (LONG)TLS_OUT_OF_INDEXES)
        TlsFree(index); /* another thread was first */
    SetLastError(error);
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
    DWORD error = GetLastError();
    BOOL done = TlsSetValue(os_tls_index, value);

    SetLastError(error);
    return done != 0;
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
    DWORD error = GetLastError();
    BOOL done = DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(),
                                handle, 0, FALSE, DUPLICATE_SAME_ACCESS);

    SetLastError(error);
    return done != 0;
}

int os_thread_is_alive(HANDLE handle)
{
    DWORD error = GetLastError();
    DWORD answer = WaitForSingleObject(handle, 0);

    SetLastError(error);
    return answer != WAIT_OBJECT_0; /* who can't tell must not reap */
}

DWORD os_thread_suspend(HANDLE handle)
{
    DWORD error = GetLastError();
    DWORD times = SuspendThread(handle);

    SetLastError(error);
    return times == (DWORD)-1 ? 0 : times;
}

DWORD os_thread_resume(HANDLE handle)
{
    DWORD error = GetLastError();
    DWORD times = ResumeThread(handle);

    SetLastError(error);
    return times == (DWORD)-1 ? 0 : times;
}

/* Windows has had a call for this since Vista; Wine has it too, but in some versions it does nothing. Elsewhere
   time does the same: an x86 processor writes its stores out within microseconds, at every interrupt at the
   latest. Unlike a suspension this leaves nothing behind if the thread is killed in it. */
void os_flush_stores(void)
{
    DWORD error = GetLastError();

    if (flush_write_buffers)
        flush_write_buffers();
    else
        Sleep(1);
    SetLastError(error);
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
    DWORD error = GetLastError();

    CloseHandle(handle);
    SetLastError(error);
}

void os_yield(unsigned round)
{
    DWORD error = GetLastError();

    Sleep(round < OS_ROUNDS ? 0 : 1);
    SetLastError(error);
}

DWORD os_milliseconds(void)
{
    return GetTickCount();
}

DWORD os_environment(const WCHAR *name, WCHAR *buffer, DWORD characters)
{
    DWORD error = GetLastError();
    DWORD length = GetEnvironmentVariableW(name, buffer, characters);

    SetLastError(error);
    return length;
}

void os_debug_line(const WCHAR *text)
{
    DWORD error = GetLastError();

    OutputDebugStringW(text);
    SetLastError(error);
}

int os_append(const WCHAR *path, const char *text, DWORD bytes)
{
    DWORD written = 0, error = GetLastError();
    HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);

    if (file != INVALID_HANDLE_VALUE) {
        SetFilePointer(file, 0, NULL, FILE_END);
        WriteFile(file, text, bytes, &written, NULL);
        CloseHandle(file);
    }
    SetLastError(error); /* that a file existed already is told there, too */
    return written == bytes;
}
