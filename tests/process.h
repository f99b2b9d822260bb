/*
 * process.h - what a test sees of its own process, and does to its threads.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "nmapi.h"

/* Bytes of private memory that are committed, and of address space that is not free. */
void process_memory(SIZE_T *committed, SIZE_T *reserved);

/* Kills a thread wherever it stands, but not inside the system: Wine 8 leaves the lock of its
   address space held by a thread that dies there. */
void process_kill(HANDLE thread, DWORD code);

#endif
