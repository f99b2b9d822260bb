/*
 * stall.h - how long a call may take on a busy machine: a second, plus the longest wait of a thread
 * that only waits for a processor.
 */
#pragma once

#include <windows.h>

#define STALL_PATIENCE 1000 /* milliseconds */

/* FALSE: no thread could be made. */
BOOL stall_watch(void);
/* The longest wait since stall_watch, in milliseconds. */
DWORD stall_longest(void);
