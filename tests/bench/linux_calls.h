/* The memory calls that shared libraries make: mmap, munmap, mprotect and madvise of this program
   take the place of the C library's for them. */
#ifndef LINUX_CALLS_H
#define LINUX_CALLS_H

void linux_calls(double *memory, double *threads); /* threads: NAN, which nobody counts */

#endif
