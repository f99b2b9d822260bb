/*
 * forward.h - the exported functions that this DLL does not implement: whose code a call reaches.
 *
 * In this order: the function that the host supplied (NmapiSetFunction), the original DLL's, the
 * failure that exports.h names. The exports themselves are the thunks (forward_*.S, forward_*.asm).
 */
#pragma once

#include "nmapi.h"

/* Call it once, at process attach, before any export is called. There is no counterpart: the
   original DLL stays loaded, because DllMain may not call FreeLibrary and nothing else runs at
   unload. */
void forward_attach(HINSTANCE self);
