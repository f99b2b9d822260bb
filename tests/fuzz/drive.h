/*
 * drive.h - turns bytes into calls.
 *
 * The bytes mean the same in every build, whatever addresses the library gives.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* From loading the library to unloading it; `faults`: system calls may fail where the bytes say
   so. */
void drive(const uint8_t *bytes, size_t count, int faults);
