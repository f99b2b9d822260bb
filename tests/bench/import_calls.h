/*
 * import_calls.h - counts a loaded DLL's system calls: counters replace its imports of these
 * functions. Each call costs a microsecond or more under Wine, a counter a few nanoseconds.
 */
#pragma once

#include <windows.h>

void import_calls_count(HMODULE module);
void import_calls(double *memory, double *threads); /* calls made so far by all such modules */
size_t import_writable_image(HMODULE module);       /* bytes of its sections that may be written */
