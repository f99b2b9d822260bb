/*
 * as_x86.h - included before each of the library's sources: large blocks as x86 has them, in runs of slots
 * and without headroom.
 */
#ifndef AS_X86_H
#define AS_X86_H

#include "pages/chunk.h"

#undef LARGE_IN_RUNS
#define LARGE_IN_RUNS 1
#undef LARGE_HEADROOM
#define LARGE_HEADROOM ((SIZE_T)0)

#endif
