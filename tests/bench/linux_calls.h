/* The memory calls of shared libraries: this program's mmap, munmap, mprotect and madvise replace
   the C library's for them. */
#ifndef LINUX_CALLS_H
#define LINUX_CALLS_H

void linux_calls(double *memory, double *threads); /* threads: NAN, because nothing counts them */

#endif
