#include "linux_calls.h"

#include <math.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

static unsigned long count;

void linux_calls(double *memory, double *threads)
{
    *memory = (double)__atomic_load_n(&count, __ATOMIC_RELAXED);
    *threads = NAN;
}

static void count_one(void)
{
    __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
}

EXPORTED void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    count_one();
    return (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}

EXPORTED int munmap(void *address, size_t size)
{
    count_one();
    return (int)syscall(SYS_munmap, address, size);
}

EXPORTED int mprotect(void *address, size_t size, int protection)
{
    count_one();
    return (int)syscall(SYS_mprotect, address, size, protection);
}

EXPORTED int madvise(void *address, size_t size, int advice)
{
    count_one();
    return (int)syscall(SYS_madvise, address, size, advice);
}
