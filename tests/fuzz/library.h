/*
 * library.h - the library under test: on Windows the DLL, loaded and unloaded each time; natively
 * what is linked in, attached and detached.
 */
#ifndef LIBRARY_H
#define LIBRARY_H

#include "functions.h"

/* Where the DLL is; natively its name alone. */
extern const char *library_path;

void library_begin(const char *options);

/* What the library says of itself: NULL if all is well, else what is not. On Windows always
   NULL. */
const char *library_check_expert(HEXPERTKEY key);
/* Once every expert is closed: nothing but the pool may be committed. */
const char *library_check_closed(void);
/* Unloads; whatever was there at the beginning, and no more, may be there now. */
const char *library_end(void);

/* The n-th system call of a kind fails, and with `forever` all later ones. Does nothing on
   Windows. */
void library_fail(unsigned kind, unsigned long n, int forever);
void library_fail_never(void);

#endif
