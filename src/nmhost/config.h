/*
 * config.h - an expert's configuration in a file: the bytes of its EXPERTCONFIG, whose first four
 * say how many they are.
 */
#pragma once

#include "library.h"

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

enum { CONFIG_MOST = 16 * 1024 * 1024 }; /* bytes */

/* Reads it into a block of the key's. NULL if there is no such file, or it is not as long as it
   says. */
PEXPERTCONFIG config_load(const LIBRARY *library, HEXPERTKEY key, const char *path);

/* Writes it, if it is a block of the key's that holds as many bytes as it says; NULL is nothing to
   write, and TRUE. */
BOOL config_save(const LIBRARY *library, HEXPERTKEY key, PEXPERTCONFIG config, const char *path);
