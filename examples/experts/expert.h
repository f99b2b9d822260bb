/*
 * expert.h - what the example experts share.
 */
#pragma once

#include <windows.h>

#include "packet.h"
#include "say.h"

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

/* The three exports of every expert (expert.def). */
BOOL WINAPI Register(PEXPERTENUMINFO info);
BOOL WINAPI Configure(HEXPERTKEY key, PEXPERTCONFIG *config, PEXPERTSTARTUPINFO startup,
                      DWORD startup_flags, HWND window);
BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window);

/* Fills in Register's structure. Always returns TRUE. */
BOOL expert_describe(PEXPERTENUMINFO info, const char *name, const char *description, DWORD flags);

/* Gets the next frame; initialize *frame with EXPERT_FIRST to begin with the first one. Returns an
   NMERR code: NMERR_NO_MORE_FRAMES after the last frame. */
DWORD expert_next_frame(HEXPERTKEY key, EXPERTFRAMEDESCRIPTOR *frame);

#define EXPERT_FIRST                                                                               \
    {                                                                                              \
        .FrameNumber = INVALID_FRAME_NUMBER                                                        \
    }

/* Allocates an event with so many columns as one block of the expert. NULL: no memory. The source
   and the name must outlive it. */
NMEVENTDATA *expert_new_event(HEXPERTKEY key, char *source, char *name, BYTE columns);
