/*
 * windows.h - a stand-in for Windows' own, so that the sources compile and run natively on Linux
 * x86-64, where sanitizers, fuzzers and profilers work. It has what src/ and its tests use, with
 * the values and widths of Windows (LONG and DWORD are 32 bits wide).
 *
 * What only tests need (injected failures, counters, single steps) is in standin.h.
 */
#pragma once

#if !defined(__x86_64__) || !defined(__linux__)
#error "the stand-in is for Linux on x86-64"
#endif

#include <stddef.h>
#include <stdint.h>
#include <emmintrin.h> /* Windows' own brings the intrinsics too */

#ifdef __cplusplus
extern "C" {
#endif

#ifndef _WIN64
#define _WIN64 1
#endif

/* Calling conventions and annotations mean nothing here. */
#define WINAPI
#define APIENTRY
#define CALLBACK
#define NTAPI
#define WINBASEAPI
#define DECLSPEC_NORETURN __attribute__((noreturn))
#define FORCEINLINE static __inline__ __attribute__((always_inline))
#ifndef __declspec
#define __declspec(x)
#endif
#ifndef __stdcall
#define __stdcall
#endif
#ifndef __cdecl
#define __cdecl
#endif
#define CONST const
#define VOID void
#define IN
#define OUT
#define OPTIONAL

typedef int BOOL, *PBOOL, *LPBOOL;
typedef unsigned char BYTE, *PBYTE, *LPBYTE, UCHAR, *PUCHAR, BOOLEAN;
typedef char CHAR, *PCHAR, *LPSTR, *PSTR;
typedef const char *LPCSTR, *PCSTR;
typedef short SHORT;
typedef unsigned short WORD, *PWORD, *LPWORD, USHORT, *PUSHORT, WCHAR, *LPWSTR;
typedef const WCHAR *LPCWSTR;
typedef int INT, LONG, *PLONG, *LPLONG, INT32, LONG32;
typedef unsigned int UINT, *PUINT, DWORD, *PDWORD, *LPDWORD, ULONG, *PULONG, UINT32, ULONG32,
    DWORD32;
typedef long long LONGLONG, LONG64, *PLONG64, INT64;
typedef unsigned long long ULONGLONG, DWORDLONG, ULONG64, *PULONG64, DWORD64, *PDWORD64, UINT64;
typedef ptrdiff_t INT_PTR, LONG_PTR, SSIZE_T;
typedef size_t UINT_PTR, ULONG_PTR, *PULONG_PTR, DWORD_PTR, *PDWORD_PTR, SIZE_T, *PSIZE_T;
typedef void *PVOID, *LPVOID, *HANDLE, **PHANDLE, **LPHANDLE;
typedef const void *LPCVOID;
typedef struct HINSTANCE__ *HINSTANCE, *HMODULE;
typedef INT_PTR(WINAPI *FARPROC)(void);
typedef DWORD(WINAPI *LPTHREAD_START_ROUTINE)(LPVOID);

typedef union _LARGE_INTEGER {
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

typedef struct _SECURITY_ATTRIBUTES SECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;
typedef struct _OVERLAPPED OVERLAPPED, *LPOVERLAPPED;

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
#ifndef NULL
#define NULL ((void *)0)
#endif

#define MAXBYTE 0xff
#define MAXWORD 0xffff
#define MAXDWORD 0xffffffffU
#define MAXLONG 0x7fffffff
#define MAXSIZE_T ((SIZE_T)-1)
#define MAX_PATH 260
#define INFINITE 0xffffffffU
#define UNREFERENCED_PARAMETER(p) ((void)(p))
#define DBG_UNREFERENCED_PARAMETER(p) ((void)(p))

#define MEMORY_ALLOCATION_ALIGNMENT 16
#define SYSTEM_CACHE_ALIGNMENT_SIZE 64

#define DLL_PROCESS_DETACH 0
#define DLL_PROCESS_ATTACH 1
#define DLL_THREAD_ATTACH 2
#define DLL_THREAD_DETACH 3

#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)

#define NO_ERROR 0U
#define ERROR_SUCCESS 0U
#define ERROR_INVALID_FUNCTION 1U
#define ERROR_FILE_NOT_FOUND 2U
#define ERROR_PATH_NOT_FOUND 3U
#define ERROR_ACCESS_DENIED 5U
#define ERROR_INVALID_HANDLE 6U
#define ERROR_NOT_ENOUGH_MEMORY 8U
#define ERROR_OUTOFMEMORY 14U
#define ERROR_NOT_SUPPORTED 50U
#define ERROR_FILE_EXISTS 80U
#define ERROR_INVALID_PARAMETER 87U
#define ERROR_INSUFFICIENT_BUFFER 122U
#define ERROR_MOD_NOT_FOUND 126U
#define ERROR_PROC_NOT_FOUND 127U
#define ERROR_ALREADY_EXISTS 183U
#define ERROR_ENVVAR_NOT_FOUND 203U
#define ERROR_INVALID_ADDRESS 487U
#define ERROR_NO_SYSTEM_RESOURCES 1450U
#define ERROR_COMMITMENT_LIMIT 1455U

/* Memory */

#define PAGE_NOACCESS 0x01U
#define PAGE_READONLY 0x02U
#define PAGE_READWRITE 0x04U
#define PAGE_WRITECOPY 0x08U
#define PAGE_EXECUTE 0x10U
#define PAGE_EXECUTE_READ 0x20U
#define PAGE_EXECUTE_READWRITE 0x40U
#define PAGE_EXECUTE_WRITECOPY 0x80U
#define PAGE_GUARD 0x100U
#define PAGE_NOCACHE 0x200U

#define MEM_COMMIT 0x1000U
#define MEM_RESERVE 0x2000U
#define MEM_DECOMMIT 0x4000U
#define MEM_RELEASE 0x8000U
#define MEM_FREE 0x10000U
#define MEM_PRIVATE 0x20000U
#define MEM_MAPPED 0x40000U
#define MEM_RESET 0x80000U
#define MEM_TOP_DOWN 0x100000U
#define MEM_IMAGE 0x1000000U

typedef struct _MEMORY_BASIC_INFORMATION {
    PVOID BaseAddress;
    PVOID AllocationBase;
    DWORD AllocationProtect;
    WORD PartitionId;
    SIZE_T RegionSize;
    DWORD State;
    DWORD Protect;
    DWORD Type;
} MEMORY_BASIC_INFORMATION, *PMEMORY_BASIC_INFORMATION;

typedef struct _SYSTEM_INFO {
    union {
        DWORD dwOemId;
        struct {
            WORD wProcessorArchitecture;
            WORD wReserved;
        } s;
    } u;
    DWORD dwPageSize;
    LPVOID lpMinimumApplicationAddress;
    LPVOID lpMaximumApplicationAddress;
    DWORD_PTR dwActiveProcessorMask;
    DWORD dwNumberOfProcessors;
    DWORD dwProcessorType;
    DWORD dwAllocationGranularity;
    WORD wProcessorLevel;
    WORD wProcessorRevision;
} SYSTEM_INFO, *LPSYSTEM_INFO;

LPVOID WINAPI VirtualAlloc(LPVOID address, SIZE_T size, DWORD type, DWORD protect);
BOOL WINAPI VirtualFree(LPVOID address, SIZE_T size, DWORD type);
BOOL WINAPI VirtualProtect(LPVOID address, SIZE_T size, DWORD protect, DWORD *old_protect);
SIZE_T WINAPI VirtualQuery(LPCVOID address, MEMORY_BASIC_INFORMATION *info, SIZE_T length);
void WINAPI GetSystemInfo(SYSTEM_INFO *info);

/* Heaps, for tests alone: malloc by other names. */
HANDLE WINAPI HeapCreate(DWORD options, SIZE_T first, SIZE_T most);
BOOL WINAPI HeapDestroy(HANDLE heap);
HANDLE WINAPI GetProcessHeap(void);
LPVOID WINAPI HeapAlloc(HANDLE heap, DWORD flags, SIZE_T bytes);
BOOL WINAPI HeapFree(HANDLE heap, DWORD flags, LPVOID block);

/* Threads */

#define CONTEXT_AMD64 0x100000U
#define CONTEXT_CONTROL (CONTEXT_AMD64 | 0x1U)
#define CONTEXT_INTEGER (CONTEXT_AMD64 | 0x2U)
#define CONTEXT_FULL (CONTEXT_AMD64 | 0xbU)

typedef struct _CONTEXT {
    DWORD64 P1Home, P2Home, P3Home, P4Home, P5Home, P6Home;
    DWORD ContextFlags;
    DWORD MxCsr;
    WORD SegCs, SegDs, SegEs, SegFs, SegGs, SegSs;
    DWORD EFlags;
    DWORD64 Dr0, Dr1, Dr2, Dr3, Dr6, Dr7;
    DWORD64 Rax, Rcx, Rdx, Rbx, Rsp, Rbp, Rsi, Rdi;
    DWORD64 R8, R9, R10, R11, R12, R13, R14, R15;
    DWORD64 Rip;
    BYTE FloatAndVectorState[976]; /* never filled in */
} __attribute__((aligned(16))) CONTEXT, *PCONTEXT, *LPCONTEXT;

#define TLS_MINIMUM_AVAILABLE 64
#define TLS_OUT_OF_INDEXES 0xffffffffU

#define WAIT_OBJECT_0 0U
#define WAIT_ABANDONED 0x80U
#define WAIT_TIMEOUT 258U
#define WAIT_FAILED 0xffffffffU
#define MAXIMUM_WAIT_OBJECTS 64
#define STILL_ACTIVE 259U

#define CREATE_SUSPENDED 0x4U
#define DUPLICATE_CLOSE_SOURCE 0x1U
#define DUPLICATE_SAME_ACCESS 0x2U
#define SYNCHRONIZE 0x100000U
#define THREAD_TERMINATE 0x1U
#define THREAD_SUSPEND_RESUME 0x2U
#define THREAD_GET_CONTEXT 0x8U
#define THREAD_QUERY_INFORMATION 0x40U
#define THREAD_ALL_ACCESS 0x1fffffU

DWORD WINAPI TlsAlloc(void);
BOOL WINAPI TlsFree(DWORD index);
LPVOID WINAPI TlsGetValue(DWORD index);
BOOL WINAPI TlsSetValue(DWORD index, LPVOID value);

HANDLE WINAPI GetCurrentProcess(void);
DWORD WINAPI GetCurrentProcessId(void);
HANDLE WINAPI GetCurrentThread(void);
DWORD WINAPI GetCurrentThreadId(void);
BOOL WINAPI DuplicateHandle(HANDLE from_process, HANDLE handle, HANDLE to_process, HANDLE *result,
                            DWORD access, BOOL inherit, DWORD options);
BOOL WINAPI CloseHandle(HANDLE handle);
DWORD WINAPI WaitForSingleObject(HANDLE handle, DWORD milliseconds);
DWORD WINAPI WaitForMultipleObjects(DWORD count, const HANDLE *handles, BOOL all,
                                    DWORD milliseconds);

HANDLE WINAPI CreateThread(LPSECURITY_ATTRIBUTES security, SIZE_T stack,
                           LPTHREAD_START_ROUTINE start, LPVOID parameter, DWORD flags, DWORD *id);
DECLSPEC_NORETURN void WINAPI ExitThread(DWORD code);
BOOL WINAPI TerminateThread(HANDLE thread, DWORD code);
BOOL WINAPI GetExitCodeThread(HANDLE thread, DWORD *code);
DWORD WINAPI SuspendThread(HANDLE thread);
DWORD WINAPI ResumeThread(HANDLE thread);
BOOL WINAPI GetThreadContext(HANDLE thread, CONTEXT *context);
void WINAPI Sleep(DWORD milliseconds);
BOOL WINAPI SwitchToThread(void);

HANDLE WINAPI CreateEventA(LPSECURITY_ATTRIBUTES security, BOOL manual, BOOL state, LPCSTR name);
BOOL WINAPI SetEvent(HANDLE event);
BOOL WINAPI ResetEvent(HANDLE event);

/* Errors, time, environment, debugger */

DWORD WINAPI GetLastError(void);
void WINAPI SetLastError(DWORD error);
DWORD WINAPI GetTickCount(void);
BOOL WINAPI QueryPerformanceCounter(LARGE_INTEGER *count);
BOOL WINAPI QueryPerformanceFrequency(LARGE_INTEGER *frequency);
DWORD WINAPI GetEnvironmentVariableA(LPCSTR name, LPSTR buffer, DWORD size);
DWORD WINAPI GetEnvironmentVariableW(LPCWSTR name, LPWSTR buffer, DWORD size);
BOOL WINAPI SetEnvironmentVariableA(LPCSTR name, LPCSTR value);
void WINAPI OutputDebugStringA(LPCSTR text);
void WINAPI OutputDebugStringW(LPCWSTR text);
DECLSPEC_NORETURN void WINAPI ExitProcess(UINT code);

/* Files */

#define GENERIC_READ 0x80000000U
#define GENERIC_WRITE 0x40000000U
#define FILE_READ_DATA 0x1U
#define FILE_WRITE_DATA 0x2U
#define FILE_APPEND_DATA 0x4U
#define FILE_SHARE_READ 0x1U
#define FILE_SHARE_WRITE 0x2U
#define FILE_SHARE_DELETE 0x4U
#define CREATE_NEW 1U
#define CREATE_ALWAYS 2U
#define OPEN_EXISTING 3U
#define OPEN_ALWAYS 4U
#define TRUNCATE_EXISTING 5U
#define FILE_ATTRIBUTE_NORMAL 0x80U
#define FILE_FLAG_WRITE_THROUGH 0x80000000U
#define FILE_BEGIN 0U
#define FILE_CURRENT 1U
#define FILE_END 2U
#define INVALID_SET_FILE_POINTER 0xffffffffU
#define INVALID_FILE_SIZE 0xffffffffU
#define INVALID_FILE_ATTRIBUTES 0xffffffffU

HANDLE WINAPI CreateFileA(LPCSTR name, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES security,
                          DWORD disposition, DWORD flags, HANDLE model);
HANDLE WINAPI CreateFileW(LPCWSTR name, DWORD access, DWORD share, LPSECURITY_ATTRIBUTES security,
                          DWORD disposition, DWORD flags, HANDLE model);
BOOL WINAPI WriteFile(HANDLE file, LPCVOID data, DWORD size, DWORD *written,
                      LPOVERLAPPED overlapped);
BOOL WINAPI ReadFile(HANDLE file, LPVOID data, DWORD size, DWORD *got, LPOVERLAPPED overlapped);
DWORD WINAPI SetFilePointer(HANDLE file, LONG distance, LONG *high, DWORD method);
DWORD WINAPI GetFileSize(HANDLE file, DWORD *high);
BOOL WINAPI DeleteFileA(LPCSTR name);
DWORD WINAPI GetFileAttributesA(LPCSTR name);
DWORD WINAPI GetFileAttributesW(LPCWSTR name);

/* Modules: all fail unless a test has put a hook behind them. */

#define DONT_RESOLVE_DLL_REFERENCES 0x1U
#define LOAD_WITH_ALTERED_SEARCH_PATH 0x8U

HMODULE WINAPI GetModuleHandleA(LPCSTR name);
DWORD WINAPI GetModuleFileNameA(HMODULE module, LPSTR buffer, DWORD size);
DWORD WINAPI GetModuleFileNameW(HMODULE module, LPWSTR buffer, DWORD size);
HMODULE WINAPI LoadLibraryA(LPCSTR name);
HMODULE WINAPI LoadLibraryExW(LPCWSTR name, HANDLE file, DWORD flags);
HMODULE WINAPI LoadLibraryExA(LPCSTR name, HANDLE file, DWORD flags);
FARPROC WINAPI GetProcAddress(HMODULE module, LPCSTR name);
BOOL WINAPI FreeLibrary(HMODULE module);
BOOL WINAPI DisableThreadLibraryCalls(HMODULE module);

/* The thread block that GS points to on Windows: as far as the end of TlsSlots (0x1480), plus the
   expansion slots, which Windows keeps elsewhere. */
struct standin_teb {
    unsigned char bytes[0x1680];
    void *expansion[1024];
};
extern __thread struct standin_teb standin_teb
    __attribute__((tls_model("local-exec"), aligned(16)));

typedef unsigned long long standin_word64 __attribute__((may_alias));
typedef unsigned int standin_word32 __attribute__((may_alias));

FORCEINLINE unsigned long long __readgsqword(unsigned long offset)
{
    unsigned long long value; /* one load from the thread's segment, as on Windows */

    __asm__ volatile("movq %%fs:standin_teb@tpoff(%1), %0" : "=r"(value) : "r"(offset));
    return value;
}

FORCEINLINE unsigned int __readgsdword(unsigned long offset)
{
    return *(volatile standin_word32 *)(void *)(standin_teb.bytes + offset);
}

FORCEINLINE void __writegsqword(unsigned long offset, unsigned long long value)
{
    *(volatile standin_word64 *)(void *)(standin_teb.bytes + offset) = value;
}

/* Interlocked operations: full barriers, as on Windows. */

#define STANDIN_INTERLOCKED(suffix, type)                                                          \
    FORCEINLINE type InterlockedCompareExchange##suffix(volatile type *at, type value,             \
                                                        type expected)                             \
    {                                                                                              \
        (void)__atomic_compare_exchange_n(at, &expected, value, 0, __ATOMIC_SEQ_CST,               \
                                          __ATOMIC_SEQ_CST);                                       \
        return expected;                                                                           \
    }                                                                                              \
    FORCEINLINE type InterlockedExchange##suffix(volatile type *at, type value)                    \
    {                                                                                              \
        return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST);                                   \
    }

#define STANDIN_INTERLOCKED_NUMBER(suffix, type)                                                   \
    STANDIN_INTERLOCKED(suffix, type)                                                              \
    FORCEINLINE type InterlockedExchangeAdd##suffix(volatile type *at, type value)                 \
    {                                                                                              \
        return __atomic_fetch_add(at, value, __ATOMIC_SEQ_CST);                                    \
    }                                                                                              \
    FORCEINLINE type InterlockedIncrement##suffix(volatile type *at)                               \
    {                                                                                              \
        return __atomic_add_fetch(at, 1, __ATOMIC_SEQ_CST);                                        \
    }                                                                                              \
    FORCEINLINE type InterlockedDecrement##suffix(volatile type *at)                               \
    {                                                                                              \
        return __atomic_sub_fetch(at, 1, __ATOMIC_SEQ_CST);                                        \
    }                                                                                              \
    FORCEINLINE type InterlockedAnd##suffix(volatile type *at, type value)                         \
    {                                                                                              \
        return __atomic_fetch_and(at, value, __ATOMIC_SEQ_CST);                                    \
    }                                                                                              \
    FORCEINLINE type InterlockedOr##suffix(volatile type *at, type value)                          \
    {                                                                                              \
        return __atomic_fetch_or(at, value, __ATOMIC_SEQ_CST);                                     \
    }                                                                                              \
    FORCEINLINE type InterlockedXor##suffix(volatile type *at, type value)                         \
    {                                                                                              \
        return __atomic_fetch_xor(at, value, __ATOMIC_SEQ_CST);                                    \
    }

STANDIN_INTERLOCKED_NUMBER(, LONG)
STANDIN_INTERLOCKED_NUMBER(64, LONG64)

/* Pointers: through a void pointer, so that any `T *volatile *` can be passed, as on Windows. */
FORCEINLINE void *InterlockedCompareExchangePointer(void *volatile *at, void *value, void *expected)
{
    (void)__atomic_compare_exchange_n(at, &expected, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
}

FORCEINLINE void *InterlockedExchangePointer(void *volatile *at, void *value)
{
    return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST);
}

#define MemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define YieldProcessor() __builtin_ia32_pause()
#define _ReadWriteBarrier() __asm__ __volatile__("" ::: "memory")
#define _ReadBarrier() __asm__ __volatile__("" ::: "memory")
#define _WriteBarrier() __asm__ __volatile__("" ::: "memory")

#define PF_AVX_INSTRUCTIONS_AVAILABLE 39

FORCEINLINE BOOL IsProcessorFeaturePresent(DWORD feature)
{
    return feature == PF_AVX_INSTRUCTIONS_AVAILABLE && __builtin_cpu_supports("avx");
}

FORCEINLINE BYTE _BitScanForward(DWORD *index, DWORD mask)
{
    if (mask == 0) {
        return 0;
    }
    *index = (DWORD)__builtin_ctz(mask);
    return 1;
}

FORCEINLINE BYTE _BitScanReverse(DWORD *index, DWORD mask)
{
    if (mask == 0) {
        return 0;
    }
    *index = 31U - (DWORD)__builtin_clz(mask);
    return 1;
}

FORCEINLINE BYTE _BitScanForward64(DWORD *index, ULONG64 mask)
{
    if (mask == 0) {
        return 0;
    }
    *index = (DWORD)__builtin_ctzll(mask);
    return 1;
}

FORCEINLINE BYTE _BitScanReverse64(DWORD *index, ULONG64 mask)
{
    if (mask == 0) {
        return 0;
    }
    *index = 63U - (DWORD)__builtin_clzll(mask);
    return 1;
}

FORCEINLINE void DebugBreak(void)
{
    __builtin_trap();
}

#define ZeroMemory(p, n) ((void)__builtin_memset((p), 0, (n)))
#define FillMemory(p, n, v) ((void)__builtin_memset((p), (v), (n)))
#define CopyMemory(d, s, n) ((void)__builtin_memcpy((d), (s), (n)))
#define MoveMemory(d, s, n) ((void)__builtin_memmove((d), (s), (n)))

#ifdef __cplusplus
}
#endif
