/*
 * interleaved.h - lets a test act at the KILL_POINT where another thread's work is half done.
 */
#pragma once

#include "kill_points.h"
#include "unit.h"

#include "helper.h"

#define A ((HEXPERTKEY)0x1000)
#define B ((HEXPERTKEY)0x2000)

static const char *instant;
static void (*meanwhile)(void);

void kill_point(const char *name)
{
    void (*todo)(void) = meanwhile;

    if (!todo || strcmp(name, instant) != 0)
        return;
    meanwhile = NULL;
    todo();
}

static inline int unload(void **state)
{
    int came = meanwhile == NULL;

    meanwhile = NULL;
    unit_load_anew(state);
    return !came;
}

static inline void at(const char *name, void (*todo)(void))
{
    instant = name;
    meanwhile = todo;
}

static inline void die(void)
{
    TerminateThread(GetCurrentThread(), 1);
}

#define ONE(test) cmocka_unit_test_teardown(test, unload)
