/* kill_points_x86.h - both: a hook at every KILL_POINT, and large blocks as on x86. */
#ifndef KILL_POINTS_X86_H
#define KILL_POINTS_X86_H

#include "kill_points.h"

#include "as_x86.h"

#endif
