/* expert.h - what the example experts share. */
#ifndef EXPERT_H
#define EXPERT_H

#include <windows.h>

#include "packet.h"
#include "pcap.h"
#include "say.h"

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

/* The three exports of every expert (expert.def). */
BOOL WINAPI Register(PEXPERTENUMINFO info);
BOOL WINAPI Configure(HEXPERTKEY key, PEXPERTCONFIG *config, PEXPERTSTARTUPINFO startup,
                      DWORD startup_flags, HWND window);
BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window);

/* Fills in what Register is asked for; always TRUE. */
BOOL expert_describe(PEXPERTENUMINFO info, const char *name, const char *description, DWORD flags);

/* Reads the capture that the host named into one of the expert's own blocks, and begins the walk
   over it. The file is closed again: whatever happens to the expert afterwards, it holds nothing
   but memory. Returns the block, to be freed by the caller, or NULL. */
void *expert_load_capture(HEXPERTKEY key, const EXPERTSTARTUPINFO *startup, PCAP *pcap);

#endif
