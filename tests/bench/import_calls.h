/*
 * What a loaded DLL asks of the system: its imports of these functions are led through counters.
 * Each costs a microsecond or more under Wine, a counter some nanoseconds.
 */
#ifndef IMPORT_CALLS_H
#define IMPORT_CALLS_H

#include <windows.h>

void import_calls_count(HMODULE module);
void import_calls(double *memory, double *threads); /* made so far by all such modules */
size_t import_writable_image(HMODULE module);       /* bytes of its sections that may be written */

#endif
