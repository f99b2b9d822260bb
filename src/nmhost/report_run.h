/*
 * report_run.h - what is known of one run, for the table and the page.
 */
#pragma once

#include "message.h"

typedef struct REPORT_RUN {
    const char *capture; /* absolute paths */
    const char *expert;
    BOOL loaded;        /* its name has been shown */
    EXPERT_FACTS facts; /* the file's name for one, until it says it */
    RESULT result;
    char note[128]; /* the last one */
} REPORT_RUN;

/* Without the folders. */
const char *report_file_name(const char *path);

const char *report_outcome(const RESULT *result, char text[32]);

/* Frames a second. */
ULONGLONG report_rate(const RESULT *result);
