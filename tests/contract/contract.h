/*
 * contract.h - what the contract tests share: arguments, keys, threads, and calls that state what
 * they expect.
 *
 * Each test program takes the path of Nmapi.dll as its first argument; then may follow
 *   --aware          keys are opened by NmapiOpenExpert instead of by their first call
 *   --options=WORDS  NMAPI_OPTIONS for the DLL (otherwise it is cleared)
 *   --seed=N         the start of every random series
 *   --high           no address below 2 GiB is free at the load, and no block has one (x86)
 *   --far-tls        no TLS slot is free in the thread environment block itself (Windows)
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "content.h"
#include "functions.h"
#include "process.h"

extern HMODULE contract_dll;
extern const char *contract_dll_path;
extern BOOL contract_aware;
extern uint32_t contract_seed;
extern const char *contract_options; /* NULL: none */

/* Reads the arguments and loads the DLL; ends the process with a message if that fails. */
void contract_load(int argc, char **argv);
/* Reads the arguments only, for programs that load the DLL later. */
void contract_arguments(int argc, char **argv);
void contract_load_dll(void);

/* A key that no test has used before; the host opens it under --aware. */
HEXPERTKEY contract_key(void);
/* The same, but always unknown to the DLL. */
HEXPERTKEY contract_unknown_key(void);
/* The same, but always opened by the host; limit 0: none. */
HEXPERTKEY contract_open_key(SIZE_T limit);
/* An implicit expert's key, whose first allocation was freed again. */
HEXPERTKEY contract_implicit_key(void);

#define CONTRACT_ALIGNMENT ((SIZE_T)MEMORY_ALLOCATION_ALIGNMENT)
#define CONTRACT_UNSET 0xDEADBEEFu /* an error code that nobody returns */
#define CONTRACT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Private committed memory of this process, in bytes, as the address space shows it. */
SIZE_T contract_committed(void);
/* Address space not free, in bytes. */
SIZE_T contract_reserved(void);
/* Whether a read of this address would succeed. */
BOOL contract_readable(const void *address);
/* contract_committed after NmapiTrimMemory. */
SIZE_T contract_trimmed(void);
/* Block states and records may stay committed, in bytes. */
#define CONTRACT_KEPT ((SIZE_T)4 << 20)

/* Threads: a hang is a failure, not a hanging test. */
#define CONTRACT_PATIENCE 60000 /* milliseconds, on a busy machine too */
HANDLE contract_start(LPTHREAD_START_ROUTINE routine, void *argument);
DWORD contract_join_at(HANDLE thread, const char *file, int line);
#define contract_join(thread) contract_join_at((thread), __FILE__, __LINE__)
void contract_await_at(HANDLE event, const char *file, int line);
#define contract_await(event) contract_await_at((event), __FILE__, __LINE__)

/* What the system itself keeps of `count` killed threads, above all their stacks. */
SIZE_T contract_left_by_killed_threads(int count);

NMAPI_EXPERT_USAGE contract_usage_at(HEXPERTKEY key, const char *file, int line);
#define contract_usage(key) contract_usage_at((key), __FILE__, __LINE__)

/* Calls that must succeed. */
void *contract_alloc_at(HEXPERTKEY key, SIZE_T bytes, const char *file, int line);
void *contract_realloc_at(HEXPERTKEY key, void *block, SIZE_T bytes, const char *file, int line);
#define must_alloc(key, bytes) contract_alloc_at((key), (bytes), __FILE__, __LINE__)
#define must_realloc(key, block, bytes)                                                            \
    contract_realloc_at((key), (block), (bytes), __FILE__, __LINE__)

/* For nm.enum_memory: counts the blocks in an int. */
BOOL CALLBACK contract_count_block(HEXPERTKEY key, LPVOID block, SIZE_T bytes, LPVOID context);

/* Calls with the exact answer. Main thread only, as all of cmocka. */
#define expect_code(call, code) assert_int_equal((call), (code))
#define expect_free(key, block, code) assert_int_equal(nm.free((key), (block)), (code))
#define expect_size(key, block, bytes) assert_int_equal(nm.size((key), (block)), (bytes))
#define expect_no_alloc(key, bytes, code)                                                          \
    do {                                                                                           \
        DWORD error_ = CONTRACT_UNSET;                                                             \
        assert_null(nm.alloc((key), (bytes), &error_));                                            \
        assert_int_equal(error_, (code));                                                          \
    } while (0)
#define expect_no_realloc(key, block, bytes, code)                                                 \
    do {                                                                                           \
        DWORD error_ = CONTRACT_UNSET;                                                             \
        assert_null(nm.realloc((key), (block), (bytes), &error_));                                 \
        assert_int_equal(error_, (code));                                                          \
    } while (0)
