/*
 * nmapi.h - the memory functions of Network Monitor 2.x's Nmapi.dll, and the host functions of
 * this replacement.
 *
 * For C and C++, x86 and x64. May stand before or after <netmon.h> (the SDK's, mingw-w64's or the
 * one beside this file) or serve without it.
 *
 * Experts call the Expert* functions, Microsoft's, of the Network Monitor 2.0 SDK; the page of each
 * in the Windows documentation has its name (win32, "Network Monitor", netmon.h). Hosts call the
 * Nmapi* functions ("ours" below), usually through GetProcAddress: their types are at the end.
 *
 * Every function may be called from any thread at any time, several threads under one key included.
 * A thread's first call may find no room to know the thread by: NMERR_OUT_OF_MEMORY, a size of 0.
 * None changes the thread's last error (GetLastError), whether it succeeds or fails; what a callback or a
 * function that the host supplied changes is theirs.
 */
#ifndef NMAPI_H
#define NMAPI_H

#include <windows.h>

#ifdef __cplusplus
extern "C" {
#endif

/* netmon.h has these too; the same type twice is no conflict in C11 and C++. */
typedef LPVOID HEXPERTKEY;

/* The SDK's codes. Constants, not macros, so that a netmon.h that comes later may still define its
   macros in its own spelling. */
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
 * The key is the one that the host handed to Run or Configure. Memory comes zeroed, aligned to
 * MEMORY_ALLOCATION_ALIGNMENT, and belongs to the key's expert until it is freed or the host closes
 * the expert. NMERR_EXPERT_TERMINATE tells the expert to clean up and return.
 */

/* Allocates nBytes bytes; 0 gives a unique block of size 0. Returns NULL on failure, with the reason
   in *pError when pError is not NULL (on success it is NMERR_SUCCESS):
     NMERR_INVALID_EXPERT_HANDLE  the key is NULL (or unknown under the option `strict`)
     NMERR_OUT_OF_MEMORY          too large, no memory, or over the expert's limit
     NMERR_EXPERT_TERMINATE       the expert was terminated or closed
   A key never seen before is opened implicitly.
   Page: "ExpertAllocMemory function". */
LPVOID WINAPI ExpertAllocMemory(HEXPERTKEY hExpertKey, SIZE_T nBytes, DWORD *pError);

/* Resizes a block to nBytes bytes, moving it if need be; what it grows by is zero. A NULL block acts
   as ExpertAllocMemory; size 0 shrinks the block to size 0 without freeing it. On failure the
   original is untouched and still owned. Returns NULL on failure, with the reason in *pError:
     NMERR_INVALID_EXPERT_HANDLE  the key is NULL, or unknown and the block is no implicit expert's
     NMERR_OUT_OF_MEMORY          as for ExpertAllocMemory
     NMERR_INVALID_PARAMETER      not a live block (freed already, interior, wild)
     NMERR_ACCESS_DENIED          another expert's block, one of the two opened by the host
     NMERR_EXPERT_TERMINATE       the expert was terminated or closed
   Between two implicitly opened experts blocks pass freely: the result is the caller's.
   Page: "ExpertReallocMemory function". */
LPVOID WINAPI ExpertReallocMemory(HEXPERTKEY hExpertKey, LPVOID pOriginalMemory, SIZE_T nBytes,
                                  DWORD *pError);

/* Frees a block; NULL is NMERR_SUCCESS. (The documentation pages return SIZE_T, the SDK's header
   DWORD: the upper half is zero, so both work.)
     NMERR_INVALID_EXPERT_HANDLE  the key is NULL, or unknown and the block is no implicit expert's
     NMERR_INVALID_PARAMETER      not a live block (freed already, interior, wild)
     NMERR_ACCESS_DENIED          another expert's block, one of the two opened by the host
     NMERR_EXPERT_TERMINATE       the expert was terminated: a block that it may free was freed all
                                  the same, anything else not touched; or closed: nothing was touched
   Between two implicitly opened experts blocks pass freely: either may free them.
   Page: "ExpertFreeMemory function". */
DWORD WINAPI ExpertFreeMemory(HEXPERTKEY hExpertKey, LPVOID pOriginalMemory);

/* The size in bytes that was last asked for; 0 if it is not a live block of this expert. Also answers
   for a terminated expert.
   Page: "ExpertMemorySize function". */
SIZE_T WINAPI ExpertMemorySize(HEXPERTKEY hExpertKey, LPVOID pOriginalMemory);

/*
 * Host functions (ours)
 *
 * All but NmapiGetFunction return an NMERR code:
 *   NMERR_INVALID_EXPERT_HANDLE  the key is NULL or was never opened
 *   NMERR_INVALID_PARAMETER      a cbSize that is too small, a flag that is unknown, a NULL that must
 *                                not be
 *   NMERR_OUT_OF_MEMORY          no memory for what the call itself needs; nothing was changed
 *   NMERR_EXPERT_TERMINATE       the key is closed (where the call says so)
 * The caller sets cbSize to the structure's size before the call; of a larger structure only the part declared
 * here is read or written.
 */

#pragma pack(push, 8) /* some versions of netmon.h leave 1 in force */

typedef struct NMAPI_EXPERT_OPTIONS {
    DWORD cbSize;       /* sizeof(NMAPI_EXPERT_OPTIONS) */
    DWORD Flags;        /* none defined: 0 */
    SIZE_T MemoryLimit; /* bytes asked for in all live blocks; 0: the option `limit=`, else none */
} NMAPI_EXPERT_OPTIONS;

enum {
    NMAPI_STATE_OPEN = 1,       /* works */
    NMAPI_STATE_TERMINATED = 2, /* told to stop */
    NMAPI_STATE_CLOSED = 3      /* bulk-freed */
};

enum {
    NMAPI_USAGE_IMPLICIT = 1 /* opened by its first call, not by the host */
};

typedef struct NMAPI_EXPERT_USAGE {
    DWORD cbSize;          /* sizeof(NMAPI_EXPERT_USAGE) */
    DWORD State;           /* NMAPI_STATE_... */
    DWORD Flags;           /* NMAPI_USAGE_... */
    DWORD Reserved;        /* 0 */
    SIZE_T MemoryLimit;    /* bytes, 0: none */
    SIZE_T LiveBlocks;     /* blocks not freed; of a closed expert: what the close found leaked */
    SIZE_T LiveBytes;      /* bytes asked for in those blocks */
    SIZE_T PeakBytes;      /* the most that LiveBytes ever was */
    SIZE_T CommittedBytes; /* bytes of memory committed for the expert alone; 0 once closed */
    ULONGLONG Allocations; /* blocks allocated or taken over; reallocations do not count */
    ULONGLONG Frees;       /* blocks freed or handed over; reallocations do not count */
    ULONGLONG Refused;     /* calls answered with an error, modulo 2^32 */
} NMAPI_EXPERT_USAGE;

#pragma pack(pop)

/* Called by NmapiEnumExperts and NmapiEnumMemory, under no lock: it may call any function of the DLL.
   FALSE ends the enumeration. */
typedef BOOL(CALLBACK *NMAPI_EXPERT_CALLBACK)(HEXPERTKEY hExpertKey, LPVOID pContext);
typedef BOOL(CALLBACK *NMAPI_MEMORY_CALLBACK)(HEXPERTKEY hExpertKey, LPVOID pMemory, SIZE_T nBytes,
                                              LPVOID pContext);

/* Opens an expert, or reopens a closed one: isolated, no other expert's call reaches its blocks.
   pOptions may be NULL.
     NMERR_INVALID_EXPERT_HANDLE  the key is NULL, or open, or terminated but not closed */
DWORD WINAPI NmapiOpenExpert(HEXPERTKEY hExpertKey, const NMAPI_EXPERT_OPTIONS *pOptions);

/* Asks an expert to stop: from here its calls answer NMERR_EXPERT_TERMINATE, those of ExpertGetFrame,
   ExpertGetStartupInfo, ExpertIndicateStatus and ExpertSubmitEvent too, whoever supplies these. What it
   holds it may still free and ask the size of. Never waits; a second time is NMERR_SUCCESS.
     NMERR_EXPERT_TERMINATE  the key is closed */
DWORD WINAPI NmapiTerminateExpert(HEXPERTKEY hExpertKey);

/* The bulk free: ends the expert, releases everything that it holds, in time that grows with its memory
   regions, not its blocks, and fills *pUsage (may be NULL) with what it had leaked. Works whatever state
   the expert's threads are in, killed ones included. From here its blocks are gone: a thread that still
   touches them faults, or, some time later, meets what has come in their place; so end its threads first.
   A call that is under way is waited for. A thread that is suspended inside the DLL is resumed until it
   has left it.
     NMERR_EXPERT_TERMINATE  the key is closed */
DWORD WINAPI NmapiCloseExpert(HEXPERTKEY hExpertKey, NMAPI_EXPERT_USAGE *pUsage);

/* Fills *pUsage; for a closed key with the final usage, of which Refused goes on counting. While the expert's threads
   run, each figure is true for a moment of its own. */
DWORD WINAPI NmapiQueryExpert(HEXPERTKEY hExpertKey, NMAPI_EXPERT_USAGE *pUsage);

/* Calls pCallback for every key that the DLL knows, closed ones included. */
DWORD WINAPI NmapiEnumExperts(NMAPI_EXPERT_CALLBACK pCallback, LPVOID pContext);

/* Calls pCallback for every live block of one expert, as they were at one moment during the call: blocks that
   are freed while it runs are still reported.
     NMERR_EXPERT_TERMINATE  the key is closed */
DWORD WINAPI NmapiEnumMemory(HEXPERTKEY hExpertKey, NMAPI_MEMORY_CALLBACK pCallback,
                             LPVOID pContext);

/* Hands one block to another expert, opened by the host or not; address, size and content stay. Where several
   experts have blocks the memory is not in their CommittedBytes any more. A terminated expert can give but not
   take; to itself an open one hands a block without effect.
     NMERR_INVALID_EXPERT_HANDLE  one of the two is NULL or was never opened
     NMERR_INVALID_PARAMETER      not a live block
     NMERR_ACCESS_DENIED          not a block of hFrom
     NMERR_OUT_OF_MEMORY          over the limit of hTo, or no memory for what the call itself needs
     NMERR_EXPERT_TERMINATE       one of the two is closed, or hTo terminated */
DWORD WINAPI NmapiTransferMemory(HEXPERTKEY hFrom, HEXPERTKEY hTo, LPVOID pMemory);

/* Returns to the system the pages that wait for the next expert. Waits for nobody but the DLL's own short
   locks. Its pages are the ones that the option keep of NMAPI_OPTIONS bounds.
     NMERR_OUT_OF_MEMORY  the calling thread can't be registered */
DWORD WINAPI NmapiTrimMemory(void);

/* Supplies the function that a call of the named export reaches (Network Monitor's others, which this
   DLL does not implement), for the whole process; NULL takes it back. It must have the parameters and the
   calling convention of netmon.h: on x86 another would ruin its caller's stack. Calls under way are not
   waited for. What nobody supplies, the original DLL neither, fails with NMERR_NOT_SUPPORTED, NULL, or
   what its page documents.
     NMERR_INVALID_PARAMETER  a NULL or unknown name, or one of this DLL's own functions */
DWORD WINAPI NmapiSetFunction(LPCSTR pName, FARPROC pFunction);

/* What the host supplied under this name; NULL if nothing or an unknown name. */
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
