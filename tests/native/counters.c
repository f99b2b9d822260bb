/*
 * counters.c - for the preset native-cov: the branches of a child process count as the parent's
 * own, those of killed threads and killed children included, and nothing has to be written before a
 * child ends.
 */
#include <sys/mman.h>

extern char standin_counters[], standin_counters_end[]; /* counters.ld */

__attribute__((constructor(101))) static void share(void)
{
    size_t bytes = (size_t)(standin_counters_end - standin_counters);

    if (bytes && mmap(standin_counters, bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != standin_counters)
        __builtin_trap();
}
