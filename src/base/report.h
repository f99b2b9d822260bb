/*
 * report.h - lines for people, to the debugger output or to a file.
 */
#pragma once

#include "base/os.h"

/* Reports "Nmapi: " and one line. In the format, %s is a const char *, %w a const
   WCHAR *, %u and %x a SIZE_T. `file` is a path, or NULL for the debugger output. A file that can't
   be written is reported once; the lines go to the debugger output then. */
void report_line(const WCHAR *file, const char *format, ...);
