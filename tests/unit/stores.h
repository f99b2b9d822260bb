/*
 * stores.h - which instructions write to memory other than the stack: between two of them a killed
 * thread leaves a change half made.
 */
#pragma once

#include <windows.h>

/* Whether the instruction at an address writes to memory. It knows the instructions that compilers
   make of C, not all of x86-64. What is addressed by the stack pointer or a segment belongs to the
   thread itself. */
BOOL stores_to_memory(const void *instruction);

/* Finds in a trace of instructions (standin_step_trace) the places just after a store: of each
   store the first and the last time. Returns how many there are, at most `room`. */
unsigned long stores_places(void *const *trace, unsigned long count, unsigned long *places,
                            unsigned long room);
