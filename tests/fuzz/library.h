/*
 * library.h - the library under test: on Windows the DLL, loaded and unloaded each time; natively
 * what is linked in, attached and detached.
 */
#pragma once

#include "functions.h"

/* The DLL's path; natively only its name. */
extern const char *library_path;

void library_begin(const char *options);

/* Whether an expert's heap, or the pages of all, agree with what is counted anew: NULL, else what
   is wrong. On Windows always NULL. */
const char *library_check_expert(HEXPERTKEY key);
const char *library_check_pages(void);
/* Once every expert is closed: trims, and checks that only records are committed. */
const char *library_check_closed(void);
/* Unloads, and checks that no more memory and handles are in use than at the beginning. */
const char *library_end(void);

/* Makes the n-th system call of a kind fail, and with `forever` all later ones. Does nothing on
   Windows. */
void library_fail(unsigned kind, unsigned long n, int forever);
void library_fail_never(void);
