/*
 * supply.h - the functions of Network Monitor that this host supplies to experts: frames, capture
 * data, filters, protocols, properties, their text, and helpers. FUNCTIONS.md lists them.
 *
 * They run on the experts' threads, which may crash in them or be killed in them at any
 * instruction. So they take no lock, and call nothing that takes one that others need. What they
 * need for a thread is the host's own memory and that thread's alone; what they allocate for an
 * expert (filters, the per-capture heap) is the expert's, and goes when its key is closed.
 */
#pragma once

#include "library.h"

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

/* One name that experts may call. */
typedef struct SUPPLY_FUNCTION {
    const char *name;
    FARPROC function;
} SUPPLY_FUNCTION;

/* Prepares the functions for this capture, or, if path is NULL, for the one that is open
   (capture.h). Once, before everything else. Says what is wrong when it fails. */
BOOL supply_open(const LIBRARY *nmapi, const char *path);

/* After the last expert. */
void supply_close(void);

/* Hands the functions to Nmapi.dll. FALSE if it does not know one of those that its documentation
   has; says which. */
BOOL supply_begin(void);

/* Takes them back: from here they are unsupported again. Forgets what the last expert had. */
void supply_end(void);

/* Frames that supply_first_frame looks at: a longer search would be taken for a hang. */
enum { SUPPLY_SEARCHED = 1000000 };

/* What EXPERTSTARTUPINFO.hCapture is to be. */
HCAPTURE supply_capture(void);

/* From here the calling thread works for this key, which pays for its filters; threads that an
   expert makes itself work for the key that was set last. NULL: for none. */
void supply_thread(HEXPERTKEY key);

/* Fills in what the startup information says of a place: a frame, and in it a protocol, a property
   of it, a bit of that (each may be NULL, or -1). Everything else in *startup stays. Returns an
   NMERR code: FRAME_NOT_FOUND, PROTOCOL_NOT_FOUND or PROPERTY_NOT_FOUND where the capture has no
   such frame or there is no such name, FRAME_FAILED_FILTER where the frame has no such property. */
DWORD supply_startup(DWORD frame, const char *protocol, const char *property, int bit,
                     EXPERTSTARTUPINFO *startup);

/* The first frame that has this property, of the first SUPPLY_SEARCHED; CAPTURE_NO_FRAME: none of
   them has, or there is no such name. */
DWORD supply_first_frame(const char *protocol, const char *property);

/* What ExpertGetStartupInfo tells from here on. */
void supply_tell_startup(const EXPERTSTARTUPINFO *startup);

/* The filter that the user has set, for FLAGS_DEFER_TO_UI_FILTER: an expression as filter_text.h
   says, or NULL. On an error *at is where in the text. Returns an NMERR code. */
DWORD supply_ui_filter(const char *expression, DWORD *at);

/* The table, for tests and for FUNCTIONS.md; NULL behind the last one. */
const SUPPLY_FUNCTION *supply_function(DWORD number);
