/*
 * reclaim.h - reclaim=thread: closes experts for hosts that do not.
 */
#pragma once

#include "base/thread.h"

/* Closes implicit experts whose threads have all ended. With `ending` the calling thread counts as
   ended. An expert whose lock is taken is skipped. */
void reclaim_experts(struct thread *self, int ending);
