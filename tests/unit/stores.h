/*
 * stores.h - which instructions write to memory other than the stack: between two of them a killed
 * thread leaves what it was changing half-changed.
 */
#ifndef STORES_H
#define STORES_H

#include <windows.h>

/* Whether the instruction at an address writes to memory. Knows what compilers make of C, not all
   of x86-64; what is addressed by the stack pointer or a segment is the thread's own. */
BOOL stores_to_memory(const void *instruction);

/* Of a trace of instructions (standin_step_trace) the places just behind a store: of each store the
   first and the last time. Returns how many there are, `room` at the most. */
unsigned long stores_places(void *const *trace, unsigned long count, unsigned long *places,
                            unsigned long room);

#endif
