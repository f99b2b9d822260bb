/*
 * run.h - one expert over one capture: in this process, or in a child that this process starts.
 */
#pragma once

#include "options.h"

typedef struct RUN {
    const OPTIONS *options;
    const char *capture; /* absolute paths; NULL: the expert is only listed */
    const char *expert;
    BOOL first; /* of the capture's experts: tells about the capture too */
    MESSAGE_SINK sink;
    void *context;
} RUN;

/* Once, before run_here: loads Nmapi.dll. Says what is wrong when it fails. */
BOOL run_prepare(LIBRARY *library);

/* Runs it in this process. The last message is a RESULT, unless the expert ends the process. */
void run_here(const LIBRARY *library, const RUN *run);

/* Runs it in a process of its own. The last message is a RESULT, whatever became of that
   process. */
void run_in_child(const RUN *run);

/* What the child's main does: returns its exit status. */
int run_as_child(const OPTIONS *options);
