/*
 * test_standin.h - what the stand-in's tests share.
 */
#pragma once

#include <windows.h>

#include "standin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PAGE ((SIZE_T)4096)
#define GRANULE ((SIZE_T)65536)
#define PATIENCE 60000 /* milliseconds */

/* As much must be in use after a test as before it, except for what it excludes here. */
extern struct standin_usage test_usage;
int test_take_usage(void **state);
int test_compare_usage(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_take_usage, test_compare_usage)

/* A thread that reserves and releases, and counts its rounds. */
DWORD WINAPI test_allocate_for_ever(LPVOID count);

/* Each gives the number of tests that failed. */
int test_memory(void);
int test_threads(void);
int test_failures(void);
