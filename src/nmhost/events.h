/*
 * events.h - takes the events that experts submit, and hands them on to the host's own thread.
 *
 * An expert's thread copies its event into a slot of a ring, whose ticket it drew; it may be killed
 * at any instruction. A slot that is not filled within half a second of its turn is a dead thread's
 * and passed over.
 */
#pragma once

#include "message.h"

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

enum { EVENTS_MOST = 1000000 }; /* of one run; what comes more is only counted */

/* Copies the event, which stays the caller's. On the expert's thread, which may be killed in here.
   Returns an NMERR code. */
DWORD events_add(HEXPERTKEY key, const NMEVENTDATA *event);

/* Forgets all; before an expert is called. FALSE: no memory. */
BOOL events_begin(void);

/* Signalled when many wait. */
HANDLE events_signal(void);

/* Hands those that wait to the sink. At the end of a run, once the expert's thread is gone: all of
   them, and whatever is not whole is passed over. */
void events_drain(MESSAGE_SINK sink, void *context, BOOL at_the_end);

/* How many were submitted, and how many of those the sink did not get. */
void events_count(DWORD *count, DWORD *lost);
