/*
 * options.h - the command line.
 */
#pragma once

#include "session.h"

enum { OPTIONS_FILES = 1024, OPTIONS_PATHS = 512 * 1024 /* characters of all paths */ };

typedef struct OPTIONS {
    BOOL help;
    BOOL list;
    BOOL configure;
    BOOL in_process;
    BOOL alone;
    DWORD time_limit;    /* milliseconds; 0: none */
    SIZE_T memory_limit; /* bytes */
    DWORD first_frame;
    DWORD last_frame;
    STARTUP startup;
    const char *filter; /* NULL: not given, and so below */
    const char *config;
    const char *csv;
    const char *html;
    /* Absolute paths. */
    DWORD captures;
    DWORD experts;
    const char *capture[OPTIONS_FILES];
    const char *expert[OPTIONS_FILES];
    BOOL searched[OPTIONS_FILES]; /* the expert was found in a folder: it may be any DLL */
    /* In a child process: the handles that its parent gave it; 0: it is no child. */
    ULONG_PTR pipe;
    ULONG_PTR parent;
    BOOL first; /* of the capture's experts */
} OPTIONS;

/* Fills in *options, all of it. FALSE: the usage is wrong, and why has been said. */
BOOL options_parse(int argument_count, char **arguments, OPTIONS *options);

/* What a child is started with to run one expert over one capture (NULL: to list it). FALSE: it is
   too long. */
BOOL options_command_line(const OPTIONS *options, const char *capture, const char *expert,
                          ULONG_PTR pipe, ULONG_PTR parent, BOOL first, char *text,
                          DWORD characters);

/* Shows the options, on one screen. */
void options_help(void);
