/*
 * nmapi.h - the memory functions of Network Monitor 2.x's Nmapi.dll, and the host functions of
 * this replacement.
 *
 * For C and C++, x86 and x64. It may be included before or after <netmon.h> (the SDK's, mingw-w64's
 * or the one beside this file), or without it.
 *
 * Experts call the Expert* functions, which are Microsoft's, of the Network Monitor 2.0 SDK. The
 * Windows documentation has a page for each (win32, "Network Monitor", netmon.h). Hosts call the
 * Nmapi* functions, which are this project's, usually through GetProcAddress; the types for that
 * are at the end.
 *
 * Any thread may call any function at any time. Several threads may use one key at once.
 * The first call of a thread registers it. Calls of a thread that can't be registered fail with
 * NMERR_OUT_OF_MEMORY, or a size of 0; NmapiTerminateExpert, NmapiEnumExperts, NmapiSetFunction and
 * NmapiGetFunction work even so.
 * No function changes the thread's last error (GetLastError), whether it succeeds or fails. A
 * callback or a function that the host supplied may change it.
 * If an exception leaves a function, calls with that expert's key wait until the thread calls
 * again or ends.
 * Sizes and limits are in bytes. No function keeps a pointer to a structure, an error word or a
 * name of the caller's after it has returned.
 */
#ifndef NMAPI_H
#define NMAPI_H

#include <windows.h>

#ifdef __cplusplus
extern "C" {
#endif

/* netmon.h defines it too. C11 and C++ allow the same type twice. */
typedef LPVOID HEXPERTKEY;

/* The SDK's codes. They are constants and not macros, so that a netmon.h that is included later may
   define its macros in its own spelling. */
#ifndef NMERR_SUCCESS
enum {
    NMERR_SUCCESS = 0,
    NMERR_OUT_OF_MEMORY = 19,
    NMERR_ACCESS_DENIED = 74,
    NMERR_INVALID_PARAMETER = 76,
    NMERR_NOT_SUPPORTED = 90,
    NMERR_EXPERT_TERMINATE = 125,
    NMERR_INVALID_EXPERT_HANDLE = 130
};
#endif

/*
 * Expert functions
 *
 * The key is the one that the host passed to Run or Configure. Memory is zeroed and aligned to
 * MEMORY_ALLOCATION_ALIGNMENT. It belongs to the key's expert until it is freed or the host closes
 * the expert. NMERR_EXPERT_TERMINATE tells the expert to clean up and return.
 *
 * An expert is implicit if its first call opened it, and not the host. Implicit experts may resize
 * and free each other's blocks. A key that the option `reclaim=thread` closed is opened again by
 * the next ExpertAllocMemory.
 */

/* Allocates nBytes bytes; for 0 a unique block of size 0. Returns NULL on failure. pError may be
   NULL; otherwise *pError is NMERR_SUCCESS or the reason:
     NMERR_INVALID_EXPERT_HANDLE  the key is NULL, or unknown under the option `strict`
     NMERR_OUT_OF_MEMORY          too large, no memory, or over the expert's limit
     NMERR_EXPERT_TERMINATE       the expert was terminated or closed
   A key that was never seen before is opened implicitly.
   Page: "ExpertAllocMemory function". */
LPVOID WINAPI ExpertAllocMemory(HEXPERTKEY hExpertKey, SIZE_T nBytes, DWORD *pError);

/* Resizes a block to nBytes bytes. The block may move; what it grows by is zero. With a NULL block
   it does what ExpertAllocMemory does. Size 0 shrinks the block to size 0 and does not free it.
   Returns NULL on failure, with the reason in *pError; the original is untouched and still owned:
     NMERR_INVALID_EXPERT_HANDLE  the key is NULL, or unknown and the block is no implicit expert's
     NMERR_OUT_OF_MEMORY          as for ExpertAllocMemory
     NMERR_INVALID_PARAMETER      not a live block (freed already, interior, wild)
     NMERR_ACCESS_DENIED          another expert's block, and the host opened one of the two experts
     NMERR_EXPERT_TERMINATE       the expert was terminated or closed
   Another implicit expert's block becomes the calling one's, if that is implicit too.
   Page: "ExpertReallocMemory function". */
LPVOID WINAPI ExpertReallocMemory(HEXPERTKEY hExpertKey, LPVOID pOriginalMemory, SIZE_T nBytes,
                                  DWORD *pError);

/* Frees a block. If the key is not NULL, a NULL block gives NMERR_SUCCESS. (The documentation's
   page returns SIZE_T, the SDK's header DWORD. The upper half is zero, so both work.)
     NMERR_INVALID_EXPERT_HANDLE  the key is NULL, or unknown and the block is no implicit expert's
     NMERR_INVALID_PARAMETER      not a live block (freed already, interior, wild)
     NMERR_ACCESS_DENIED          another expert's block, and the host opened one of the two experts
     NMERR_EXPERT_TERMINATE       the expert was terminated: whatever the block is, and one that it
                                  may free was freed; or it was closed: nothing was touched
   Page: "ExpertFreeMemory function". */
DWORD WINAPI ExpertFreeMemory(HEXPERTKEY hExpertKey, LPVOID pOriginalMemory);

/* Returns the size in bytes that was last asked for, or 0 if it is not a live block of this expert.
   It answers for a terminated expert too.
   Page: "ExpertMemorySize function". */
SIZE_T WINAPI ExpertMemorySize(HEXPERTKEY hExpertKey, LPVOID pOriginalMemory);

/*
 * Host functions (this project's)
 *
 * All but NmapiGetFunction return an NMERR code: NMERR_SUCCESS, one of these, or one that the
 * function's own comment names.
 *   NMERR_INVALID_EXPERT_HANDLE  the key is NULL or was never opened
 *   NMERR_INVALID_PARAMETER      cbSize is too small, a flag is unknown, or a pointer is NULL that
 *                                must not be
 *   NMERR_OUT_OF_MEMORY          no memory for what the call itself needs; nothing was changed
 * The caller sets cbSize to the structure's size before the call. Structures only grow at their
 * end: of a larger one the call reads and writes the part that is declared here.
 * With the option `reclaim=thread` these functions first close the implicit experts whose threads
 * have all ended; NmapiTerminateExpert, NmapiSetFunction and NmapiGetFunction do not.
 */

#pragma pack(push, 8) /* some versions of netmon.h leave a packing of 1 in force */

typedef struct NMAPI_EXPERT_OPTIONS {
    DWORD cbSize;       /* sizeof(NMAPI_EXPERT_OPTIONS) */
    DWORD Flags;        /* none defined: 0 */
    SIZE_T MemoryLimit; /* the most LiveBytes; 0: the option `limit=`, otherwise none */
} NMAPI_EXPERT_OPTIONS;

enum {
    NMAPI_STATE_OPEN = 1,       /* it may allocate */
    NMAPI_STATE_TERMINATED = 2, /* it was told to stop */
    NMAPI_STATE_CLOSED = 3      /* its memory was released */
};

enum {
    NMAPI_USAGE_IMPLICIT = 1 /* opened by its first call, not by the host */
};

typedef struct NMAPI_EXPERT_USAGE {
    DWORD cbSize;          /* sizeof(NMAPI_EXPERT_USAGE) */
    DWORD State;           /* NMAPI_STATE_... */
    DWORD Flags;           /* NMAPI_USAGE_... */
    DWORD Reserved;        /* 0 */
    SIZE_T MemoryLimit;    /* the most LiveBytes; 0: none */
    SIZE_T LiveBlocks;     /* blocks not freed; of a closed expert those that it leaked */
    SIZE_T LiveBytes;      /* bytes asked for in these blocks; size 0 counts as nothing */
    SIZE_T PeakBytes;      /* the highest LiveBytes */
    SIZE_T CommittedBytes; /* memory committed for the expert alone; 0 once it is closed */
    ULONGLONG Allocations; /* blocks allocated or received; reallocations do not count */
    ULONGLONG Frees;       /* blocks freed or handed over; reallocations do not count */
    ULONGLONG Refused;     /* allocations, resizes and frees that failed, modulo 2^32 */
} NMAPI_EXPERT_USAGE;

#pragma pack(pop)

/* Called by NmapiEnumExperts and NmapiEnumMemory on the caller's thread, under no lock, so it may
   call any function of the DLL. FALSE ends the enumeration, which still returns NMERR_SUCCESS. If
   a callback leaves by longjmp, the list of blocks is freed by the first NmapiEnumMemory after its
   thread's end. */
typedef BOOL(CALLBACK *NMAPI_EXPERT_CALLBACK)(HEXPERTKEY hExpertKey, LPVOID pContext);
typedef BOOL(CALLBACK *NMAPI_MEMORY_CALLBACK)(HEXPERTKEY hExpertKey, LPVOID pMemory, SIZE_T nBytes,
                                              LPVOID pContext);

/* Opens an expert, or reopens a closed one. It is isolated: no other expert's call reaches its
   blocks. pOptions may be NULL.
     NMERR_INVALID_EXPERT_HANDLE  the key is NULL, or open, or terminated and not closed */
DWORD WINAPI NmapiOpenExpert(HEXPERTKEY hExpertKey, const NMAPI_EXPERT_OPTIONS *pOptions);

/* Asks an expert to stop. From now on its calls fail with NMERR_EXPERT_TERMINATE, those of
   ExpertGetFrame, ExpertGetStartupInfo, ExpertIndicateStatus and ExpertSubmitEvent too, whoever
   supplies these. It may still free its blocks and ask for their size. Never waits. A second call
   gives NMERR_SUCCESS.
     NMERR_EXPERT_TERMINATE  the key is closed */
DWORD WINAPI NmapiTerminateExpert(HEXPERTKEY hExpertKey);

/* The bulk free. Ends the expert, releases everything that it holds, and fills *pUsage with what it
   leaked; pUsage may be NULL. The time grows with its memory regions, not with its blocks.
   It works whatever state the expert's threads are in, killed ones included. But end the threads
   first: a stale access faults or, later, hits reused memory.
   The close waits for a call that is under way. It resumes a thread that is suspended inside the
   DLL until that has left the DLL; in such a moment the thread may run on beyond the DLL's code,
   and a ResumeThread by the host is lost.
     NMERR_EXPERT_TERMINATE  the key is closed */
DWORD WINAPI NmapiCloseExpert(HEXPERTKEY hExpertKey, NMAPI_EXPERT_USAGE *pUsage);

/* Fills *pUsage, for a closed key with the final usage, in which Refused goes on counting. While
   the expert's threads run, the figures are not of one and the same moment. */
DWORD WINAPI NmapiQueryExpert(HEXPERTKEY hExpertKey, NMAPI_EXPERT_USAGE *pUsage);

/* Calls pCallback for every key that the DLL knows, closed ones included. pContext is passed on. */
DWORD WINAPI NmapiEnumExperts(NMAPI_EXPERT_CALLBACK pCallback, LPVOID pContext);

/* Calls pCallback for every block of one expert that was live at one moment during the call. A
   block that is freed after that moment is still reported. pContext is passed on.
     NMERR_EXPERT_TERMINATE  the key is closed */
DWORD WINAPI NmapiEnumMemory(HEXPERTKEY hExpertKey, NMAPI_MEMORY_CALLBACK pCallback,
                             LPVOID pContext);

/* Hands one block to another expert, implicit or not. Its address, size and content stay. Memory
   that blocks of several experts share counts in nobody's CommittedBytes. A terminated expert can
   give a block but not receive one. A transfer to the same open expert succeeds and does nothing.
     NMERR_INVALID_EXPERT_HANDLE  one of the two is NULL or was never opened
     NMERR_INVALID_PARAMETER      not a live block
     NMERR_ACCESS_DENIED          not a block of hFrom
     NMERR_OUT_OF_MEMORY          over the limit of hTo, or no memory for what the call itself needs
     NMERR_EXPERT_TERMINATE       one of the two is closed, or hTo is terminated */
DWORD WINAPI NmapiTransferMemory(HEXPERTKEY hFrom, HEXPERTKEY hTo, LPVOID pMemory);

/* Returns cached pages to the system: those that wait for the next expert, as many as the option
   `keep` allows. Waits only for the DLL's own short locks.
     NMERR_OUT_OF_MEMORY  the calling thread can't be registered */
DWORD WINAPI NmapiTrimMemory(void);

/* Supplies the function that a call of the named export reaches, for the whole process; NULL takes
   it back. The name is of a Network Monitor function that this DLL does not implement. The function
   must have the parameters and the calling convention of netmon.h: on x86 another convention would
   damage its caller's stack. Calls under way are not waited for, so its code must stay loaded until
   they have returned. An export that neither the host nor the original DLL supplies fails with
   NMERR_NOT_SUPPORTED, NULL, or what its page documents.
     NMERR_INVALID_PARAMETER  the name is NULL, unknown or that of a function that this DLL
                              implements, or pFunction lies in this DLL */
DWORD WINAPI NmapiSetFunction(LPCSTR pName, FARPROC pFunction);

/* Returns what the host supplied under this name; NULL if nothing, or if the name is unknown. */
FARPROC WINAPI NmapiGetFunction(LPCSTR pName);

/*
 * Types for GetProcAddress
 */

typedef LPVOID(WINAPI *PFN_ExpertAllocMemory)(HEXPERTKEY, SIZE_T, DWORD *);
typedef LPVOID(WINAPI *PFN_ExpertReallocMemory)(HEXPERTKEY, LPVOID, SIZE_T, DWORD *);
typedef DWORD(WINAPI *PFN_ExpertFreeMemory)(HEXPERTKEY, LPVOID);
typedef SIZE_T(WINAPI *PFN_ExpertMemorySize)(HEXPERTKEY, LPVOID);
typedef DWORD(WINAPI *PFN_NmapiOpenExpert)(HEXPERTKEY, const NMAPI_EXPERT_OPTIONS *);
typedef DWORD(WINAPI *PFN_NmapiTerminateExpert)(HEXPERTKEY);
typedef DWORD(WINAPI *PFN_NmapiCloseExpert)(HEXPERTKEY, NMAPI_EXPERT_USAGE *);
typedef DWORD(WINAPI *PFN_NmapiQueryExpert)(HEXPERTKEY, NMAPI_EXPERT_USAGE *);
typedef DWORD(WINAPI *PFN_NmapiEnumExperts)(NMAPI_EXPERT_CALLBACK, LPVOID);
typedef DWORD(WINAPI *PFN_NmapiEnumMemory)(HEXPERTKEY, NMAPI_MEMORY_CALLBACK, LPVOID);
typedef DWORD(WINAPI *PFN_NmapiTransferMemory)(HEXPERTKEY, HEXPERTKEY, LPVOID);
typedef DWORD(WINAPI *PFN_NmapiTrimMemory)(void);
typedef DWORD(WINAPI *PFN_NmapiSetFunction)(LPCSTR, FARPROC);
typedef FARPROC(WINAPI *PFN_NmapiGetFunction)(LPCSTR);

#ifdef __cplusplus
}
#endif

#endif
