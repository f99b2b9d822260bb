/*
 * forward.h - the exported functions that are not ours: whose code a call of one reaches.
 *
 * In this order: the function that the host supplied (NmapiSetFunction), the original DLL's, the
 * failure that exports.h names. The exports themselves are the thunks (forward_*.S, forward_*.asm).
 */
#ifndef NMAPI_FORWARD_H
#define NMAPI_FORWARD_H

#include "nmapi.h"

/* To be called once, at process attach, before any export is. There is no counterpart: the original
   DLL stays loaded, since DllMain may not call FreeLibrary and nothing else tells that ours goes. */
void forward_attach(HINSTANCE self);

#endif
