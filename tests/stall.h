/*
 * stall.h - how long a call may take on a machine that others keep busy: a second, and what a
 * thread that calls nothing had to wait for a processor meanwhile.
 */
#ifndef STALL_H
#define STALL_H

#include <windows.h>

#define STALL_PATIENCE 1000 /* milliseconds */

/* FALSE: no thread could be made. */
BOOL stall_watch(void);
/* The milliseconds that it waited at most since stall_watch. */
DWORD stall_longest(void);

#endif
