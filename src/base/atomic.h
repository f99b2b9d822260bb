/*
 * atomic.h - words that several threads read and write, for every compiler that builds the DLL.
 *
 * Loads acquire and stores release. On x86 and x64 both are plain moves, so they cost nothing. What
 * atomic_load reads is declared volatile, because Microsoft's compiler needs that. Only
 * atomic_swap, atomic_cas and atomic_add are full barriers.
 */
#pragma once

#include <windows.h>

#if defined(__GNUC__) || defined(__clang__)

#define atomic_load(address) __atomic_load_n((address), __ATOMIC_ACQUIRE)
#define atomic_store(address, value) __atomic_store_n((address), (value), __ATOMIC_RELEASE)
/* For a word that one thread writes and others may read: not ordered, never torn. */
#define load_relaxed(address) __atomic_load_n((address), __ATOMIC_RELAXED)
#define store_relaxed(address, value) __atomic_store_n((address), (value), __ATOMIC_RELAXED)
/* Keeps the compiler, but not the processor, from moving memory accesses across. */
#define atomic_compiler_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define NOINLINE __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
/* Makes a function begin a cache line. Otherwise a hot function's speed depends on where the linker
   puts it. */
#define LINE_ALIGNED __attribute__((aligned(64)))

#else /* Microsoft's compiler: volatile accesses acquire and release (/volatile:ms) */

#include <intrin.h>

#define atomic_load(address) (*(address))
#define atomic_store(address, value) (_ReadWriteBarrier(), (void)(*(address) = (value)))
#define load_relaxed(address) (*(address))
#define store_relaxed(address, value) ((void)(*(address) = (value)))
#define atomic_compiler_fence() _ReadWriteBarrier()
#define LIKELY(condition) (condition)
#define UNLIKELY(condition) (condition)
#define NOINLINE __declspec(noinline)
#define ALWAYS_INLINE __forceinline
#define LINE_ALIGNED /* this compiler has no such attribute */

#endif

static inline LONG atomic_swap(volatile LONG *address, LONG value)
{
    return InterlockedExchange(address, value);
}

/* Stores value if *address is expected; returns what was there. */
static inline LONG atomic_cas(volatile LONG *address, LONG expected, LONG value)
{
    return InterlockedCompareExchange(address, value, expected);
}

static inline LONG atomic_add(volatile LONG *address, LONG value)
{
    return InterlockedExchangeAdd(address, value) + value;
}

/* The distance between what different threads write: processors fetch cache lines in pairs. */
#define APART 128

/* Words that one thread changes and others may read, never torn. atomic_lower subtracts from one of
   the size of a pointer; atomic_count adds 1 to a 64-bit count. In assembly, because compilers make
   three instructions of plain C, which shows on the fast paths. */
#if defined(_WIN64) && (defined(__GNUC__) || defined(__clang__))
#define atomic_lower(address, value) __asm__("subq %1, %0" : "+m"(*(address)) : "er"(value) : "cc")
#define atomic_count(address) __asm__("addq $1, %0" : "+m"(*(address)) : : "cc")
#else
#define atomic_lower(address, value) store_relaxed((address), *(address) - (value))
#define atomic_count(address) ((void)++*(address))
#endif

#ifdef _WIN64
#define atomic_read_count(address) load_relaxed(address)
#else
static inline ULONGLONG atomic_read_count(const volatile ULONGLONG *address)
{
    ULONGLONG before, value = *address;

    do { /* read until both halves match, unless the counting thread stopped between them */
        before = value;
        value = *address;
    } while (value != before);
    return value;
}
#endif
