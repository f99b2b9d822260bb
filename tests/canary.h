/*
 * canary.h - how long a call may take on a machine that others keep busy: a second, and what a thread that
 * calls nothing had to wait for a processor meanwhile.
 */
#ifndef CANARY_H
#define CANARY_H

#include <windows.h>

#define CANARY_PATIENCE 1000 /* milliseconds */

/* FALSE: no thread could be made. */
BOOL canary_begin(void);
/* The milliseconds that it waited at most since canary_begin. */
DWORD canary_end(void);

#endif
