/*
 * caller.h - what the host keeps for each thread that calls a supplied function.
 *
 * Only the thread itself uses it, so there is no lock; who is killed in here harms nobody. It is
 * freed once its thread has ended: nobody waits for that.
 */
#pragma once

#include "capture.h"
#include "library.h"
#include "property.h"
#include "ring.h"

/* A frame as a thread has fetched it: in its ring. */
typedef struct COPY {
    CAPTURE_FRAME info;
    LAYERS layers;
    union {
        RECOGNIZEDATATABLE table;
        BYTE room[sizeof(RECOGNIZEDATATABLE) + MOST_LAYERS * sizeof(RECOGNIZEDATA)];
    } recognized;
    FRAME *frame; /* right behind */
} COPY;

enum { CALLER_RECENT = 64 /* a power of two */ };

/* One of the last copies. */
typedef struct RECENT {
    COPY *copy;
    ULONGLONG kept; /* RING.kept when it was kept; 0: none */
    DWORD frame;    /* its number */
} RECENT;

typedef struct CALLER {
    HANDLE thread; /* itself, to tell whether it lives */
    RING ring;
    RECENT recent[CALLER_RECENT]; /* by the lowest bits of the frame number */
    PROPERTY_SPACE shown;         /* what ExpertGetFrame attached */
    PROPERTY_SPACE asked;         /* what was asked for of other frames */
    PROPERTY_SPACE filtered;      /* for filters */
} CALLER;

BOOL caller_open(const LIBRARY *library);

/* After the last expert: no thread is in a supplied function any more. */
void caller_close(void);

/* The calling thread's, made if need be. NULL: no memory. Keeps the thread's last error. */
CALLER *caller_here(void);

/* Frees those whose threads have ended. For the host's own thread. */
void caller_sweep(void);

/* From now on the calling thread works for this key, and so do threads for which this was never
   called. NULL: for no key. */
void caller_set_key(HEXPERTKEY key);
HEXPERTKEY caller_key(void);

/* The DLL, for its memory functions. */
const LIBRARY *caller_library(void);

/* Copies a frame; the copy is overwritten by the next one unless it is kept. NULL: there is no such
   frame, or no memory. */
COPY *caller_try(CALLER *caller, DWORD number);

/* Tries the next frame after or before a number; with INVALID_FRAME_NUMBER the first or last
   one. */
COPY *caller_next(CALLER *caller, BOOL forward, DWORD number);

/* Keeps the copy that was tried last. */
void caller_keep(CALLER *caller, COPY *copy);

/* A copy of the frame that is kept, an earlier one if it is still there. NULL as above. */
COPY *caller_frame(CALLER *caller, HFRAME handle);

/* The same for the calling thread. */
COPY *caller_copy(HFRAME handle);

/* The properties of a frame: those that ExpertGetFrame attached, else attached now. */
PROPERTY_SPACE *caller_properties(CALLER *caller, HFRAME handle);
