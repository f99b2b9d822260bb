/*
 * part.h - which part of its work a test does, when all of it would take hours.
 */
#pragma once

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The number in `--part=NUMBER`. `--part=clock`: another one each time. */
static inline unsigned long part_of(const char *argument)
{
    if (strcmp(argument, "--part=clock") == 0)
        return (unsigned long)time(NULL);
    return strncmp(argument, "--part=", 7) == 0 ? strtoul(argument + 7, NULL, 10) : 0;
}
