/*
 * process.h - what a test reads of its own process, and does to its threads.
 */
#pragma once

#include "nmapi.h"

/* Bytes of private memory that are committed, and of address space that is not free. */
void process_memory(SIZE_T *committed, SIZE_T *reserved);

/* Kills a thread anywhere but inside the system: Wine 8 keeps the lock of its address space held by
   a thread that is killed there. */
void process_kill(HANDLE thread, DWORD code);
