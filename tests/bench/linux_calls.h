/* The memory calls of shared libraries: this program's mmap, munmap, mprotect and madvise replace
   the C library's for them. */
#pragma once

void linux_calls(double *memory, double *threads); /* threads: NAN, because nothing counts them */
