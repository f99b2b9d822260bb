/*
 * standin_private.h - what the stand-in's own files share.
 */
#ifndef STANDIN_PRIVATE_H
#define STANDIN_PRIVATE_H

#include "standin.h"

/* Every call that can be made fail: its id, its name, and whether it fails by name alone. */
#define STANDIN_CALLS                                                                              \
    STANDIN_CALL(VirtualAllocReserve, "VirtualAlloc.reserve", FALSE)                               \
    STANDIN_CALL(VirtualAllocCommit, "VirtualAlloc.commit", FALSE)                                 \
    STANDIN_CALL(VirtualFreeDecommit, "VirtualFree.decommit", FALSE)                               \
    STANDIN_CALL(VirtualFreeRelease, "VirtualFree.release", FALSE)                                 \
    STANDIN_CALL(VirtualProtect, "VirtualProtect", FALSE)                                          \
    STANDIN_CALL(VirtualQuery, "VirtualQuery", FALSE)                                              \
    STANDIN_CALL(TlsAlloc, "TlsAlloc", FALSE)                                                      \
    STANDIN_CALL(TlsFree, "TlsFree", FALSE)                                                        \
    STANDIN_CALL(TlsSetValue, "TlsSetValue", FALSE)                                                \
    STANDIN_CALL(DuplicateHandle, "DuplicateHandle", FALSE)                                        \
    STANDIN_CALL(CloseHandle, "CloseHandle", FALSE)                                                \
    STANDIN_CALL(WaitForSingleObject, "WaitForSingleObject", FALSE)                                \
    STANDIN_CALL(SuspendThread, "SuspendThread", FALSE)                                            \
    STANDIN_CALL(ResumeThread, "ResumeThread", FALSE)                                              \
    STANDIN_CALL(GetThreadContext, "GetThreadContext", FALSE)                                      \
    STANDIN_CALL(GetEnvironmentVariableA, "GetEnvironmentVariableA", FALSE)                        \
    STANDIN_CALL(CreateFileA, "CreateFileA", FALSE)                                                \
    STANDIN_CALL(WriteFile, "WriteFile", FALSE)                                                    \
    STANDIN_CALL(SetFilePointer, "SetFilePointer", FALSE)                                          \
    STANDIN_CALL(GetModuleFileNameA, "GetModuleFileNameA", FALSE)                                  \
    STANDIN_CALL(LoadLibraryExA, "LoadLibraryExA", FALSE)                                          \
    STANDIN_CALL(GetProcAddress, "GetProcAddress", FALSE)                                          \
    STANDIN_CALL(CreateThread, "CreateThread", TRUE)                                               \
    STANDIN_CALL(TerminateThread, "TerminateThread", TRUE)                                         \
    STANDIN_CALL(CreateEventA, "CreateEventA", TRUE)                                               \
    STANDIN_CALL(ReadFile, "ReadFile", TRUE)

enum standin_call {
#define STANDIN_CALL(id, name, by_name_only) STANDIN_##id,
    STANDIN_CALLS
#undef STANDIN_CALL
        STANDIN_CALL_COUNT
};

/* Between the two, the calling thread is neither suspended nor killed. */
void standin_enter(void);
void standin_leave(void);
/* Enters and counts the call; FALSE if it is to fail. standin_end_call follows in either case. */
BOOL standin_begin_call(enum standin_call which);
void standin_end_call(enum standin_call which);

/* A lock that ThreadSanitizer does not see; taken between enter and leave alone. */
void standin_lock(int *lock);
void standin_unlock(int *lock);

/* Zeroed memory of the stand-in's own. Not malloc's, whose lock a suspended thread may hold. */
void *standin_arena_new(SIZE_T bytes);
void standin_arena_free(void *block, SIZE_T bytes);

/* Fills the memory part. */
void standin_memory_usage(struct standin_usage *usage);

#endif
