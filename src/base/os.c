#include "base/os.h"

DWORD os_tls_index = TLS_OUT_OF_INDEXES;
int os_has_avx;
static void(WINAPI *flush_write_buffers)(void); /* NULL: the system has no such call that works */

/* Makes a call; leaves the thread's last error as it was. */
#define QUIETLY(call)                                                                              \
    do {                                                                                           \
        DWORD before = GetLastError();                                                             \
        call;                                                                                      \
        SetLastError(before);                                                                      \
    } while (0)

/* The same, and the calling function returns what the call does. */
#define RETURN_QUIETLY(type, call)                                                                 \
    do {                                                                                           \
        DWORD before = GetLastError();                                                             \
        type result = (call);                                                                      \
        SetLastError(before);                                                                      \
        return result;                                                                             \
    } while (0)

static void *allocate(void *address, SIZE_T bytes, DWORD type, DWORD protection)
{
    RETURN_QUIETLY(void *, VirtualAlloc(address, bytes, type, protection));
}

static int release(void *address, SIZE_T bytes, DWORD type)
{
    RETURN_QUIETLY(int, VirtualFree(address, bytes, type) != 0);
}

static int query(ULONG_PTR address, MEMORY_BASIC_INFORMATION *area)
{
    RETURN_QUIETLY(int, VirtualQuery((LPCVOID)address, area, sizeof *area) == sizeof *area);
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
        /* Another thread was first; or, under Wine, the C library of the system beneath, of which
           VirtualQuery knows nothing. */
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
    const LONG none = (LONG)TLS_OUT_OF_INDEXES;
    DWORD index = os_tls_index;

    if (index != TLS_OUT_OF_INDEXES)
        return 1;
    QUIETLY(index = TlsAlloc());
    if (index == TLS_OUT_OF_INDEXES)
        return 0;
    if (atomic_cas((volatile LONG *)&os_tls_index, none, (LONG)index) != none)
        QUIETLY(TlsFree(index)); /* another thread was first */
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
    RETURN_QUIETLY(int, TlsSetValue(os_tls_index, value) != 0);
}

void *os_tls_get_far(void)
{
    RETURN_QUIETLY(void *, TlsGetValue(os_tls_index)); /* NULL of an index that is none, too */
}

int os_thread_open(HANDLE *handle)
{
    RETURN_QUIETLY(int,
                   DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(),
                                   handle, 0, FALSE, DUPLICATE_SAME_ACCESS) != 0);
}

int os_thread_is_alive(HANDLE handle)
{
    /* After a failure it counts as alive, so that nobody reaps it. */
    RETURN_QUIETLY(int, WaitForSingleObject(handle, 0) != WAIT_OBJECT_0);
}

void os_thread_suspend(HANDLE handle)
{
    QUIETLY(SuspendThread(handle));
}

DWORD os_thread_resume(HANDLE handle)
{
    DWORD times;

    QUIETLY(times = ResumeThread(handle));
    return times == (DWORD)-1 ? 0 : times;
}

/* Windows has a call for this since Vista. Wine has it too, but in some versions it does nothing.
   Elsewhere waiting has the same effect: an x86 processor writes its stores out within
   microseconds, at the latest at an interrupt. Unlike a suspension this leaves nothing behind if
   the thread is killed in it. */
void os_flush_stores(void)
{
    if (flush_write_buffers)
        QUIETLY(flush_write_buffers());
    else
        QUIETLY(Sleep(1));
}

unsigned os_barrier_calls(void)
{
    return flush_write_buffers ? 1024 : 65536;
}

/* Called under the loader lock, where no thread may be killed anyway: it would keep that lock. */
void os_attach(void)
{
    HMODULE kernel = GetModuleHandleA("kernel32.dll"), system = GetModuleHandleA("ntdll.dll");

    if (kernel && !(system && GetProcAddress(system, "wine_get_version")))
        flush_write_buffers =
            (void(WINAPI *)(void))(ULONG_PTR)GetProcAddress(kernel, "FlushProcessWriteBuffers");
    os_tls_open(); /* if it fails, the first call tries again */
    os_has_avx = IsProcessorFeaturePresent(PF_AVX_INSTRUCTIONS_AVAILABLE);
}

void os_close(HANDLE handle)
{
    QUIETLY(CloseHandle(handle));
}

void os_yield(unsigned round)
{
    QUIETLY(Sleep(round < OS_ROUNDS ? 0 : 1));
}

DWORD os_milliseconds(void)
{
    return GetTickCount();
}

DWORD os_environment(const WCHAR *name, WCHAR *buffer, DWORD characters)
{
    RETURN_QUIETLY(DWORD, GetEnvironmentVariableW(name, buffer, characters));
}

void os_debug_line(const WCHAR *text)
{
    QUIETLY(OutputDebugStringW(text));
}

int os_append(const WCHAR *path, const char *text, DWORD bytes)
{
    DWORD written = 0, error = GetLastError();
    /* With this access alone the system writes at the end, even if others append meanwhile. */
    HANDLE file = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);

    if (file != INVALID_HANDLE_VALUE) {
        WriteFile(file, text, bytes, &written, NULL);
        CloseHandle(file);
    }
    SetLastError(error); /* OPEN_ALWAYS sets it although it succeeds */
    return written == bytes;
}
