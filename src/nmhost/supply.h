/* supply.h - the functions of Network Monitor that this host supplies to experts: the frames of one
 * capture file, a filter by protocol, status and events. The rest of them stays unsupported.
 *
 * They run on the experts' threads, which may crash in them or be killed in them at any instruction.
 * So they take no lock, and call nothing that takes one, and what they allocate for an expert is the
 * expert's own memory, which goes when its key is closed.
 */
#ifndef SUPPLY_H
#define SUPPLY_H

#include "library.h"

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

/* Reads the capture; once, before everything else. Says what is wrong when it fails. */
BOOL supply_open(const LIBRARY *nmapi, const char *path);

/* After the last expert. */
void supply_close(void);

/* Hands the functions to Nmapi.dll. FALSE if it knows one of them not. */
BOOL supply_begin(void);

/* Takes them back: from here they are unsupported again. */
void supply_end(void);

/* What EXPERTSTARTUPINFO.hCapture is to be. */
HCAPTURE supply_capture(void);

/* From here the calling thread works for this key, which pays for the filters that the thread
   creates. NULL: for none, it can create none. */
void supply_thread(HEXPERTKEY key);

#endif
