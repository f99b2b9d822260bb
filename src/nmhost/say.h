/*
 * say.h - output that survives killed threads.
 */
#pragma once

#include <windows.h>

/* Writes to standard output as printf would, at most 1,024 characters, with the formats of
   wsprintf: no floating point, no 64-bit numbers. stdio would not do: whoever is killed inside it
   keeps its lock, and the host would wait for that for ever. */
void say(const char *format, ...);

/* 1234567 as 1,234,567; returns text. */
const char *say_number(ULONGLONG number, char text[32]);
