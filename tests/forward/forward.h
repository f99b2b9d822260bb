/*
 * forward.h - what the parts of test_forward share: the DLL in its own folder, and calls of its
 * functions that check the stack, the registers and the result.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <windows.h>

#include <cmocka.h>

#include "calls.h"
#include "nmapi.h"
#include "export_rows.h"

extern const char *forward_nmapi_file, *forward_original_file, *forward_caller_file,
    *forward_backward_file, *forward_work_folder;

/* The DLL under test, a copy in its own folder. */
extern HMODULE forward_dll;
extern char forward_folder[MAX_PATH];
void forward_path(char *path, const char *file);
void forward_copy_in(const char *from, const char *file);
FARPROC forward_function(HMODULE module, const char *name);
void forward_load(const char *options);
void forward_load_wide(const WCHAR *options);
void forward_unload(void);
/* NmapiSetFunction and NmapiGetFunction. */
extern DWORD(WINAPI *forward_set)(LPCSTR, FARPROC);
extern FARPROC(WINAPI *forward_get)(LPCSTR);

/* The usual start: our DLL alone in an empty folder; a test adds files beside it. */
int forward_setup(void **state);
int forward_teardown(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, forward_setup, forward_teardown)

/* The original loads at the first call; its records are available from forward_find_original on. */
HMODULE forward_original_module(void);
void forward_find_original(void);
extern recording *forward_original_recording;

/* The debugger output. */
LONG CALLBACK forward_catch_line(EXCEPTION_POINTERS *info);
extern volatile LONG forward_line_count;
int forward_lines_with(const char *text);
/* Whether a stack walk from the line's writer, if wanted, reached this program. */
extern volatile LONG forward_walk_wanted, forward_walk_reached;

/* Indexed by the table's row. */
int forward_row(const char *name);
BOOL forward_is_memory_function(int row);
void forward_check_failure(int row);
void forward_check_recorded(int row, ULONGLONG tag, const recording *where);
void forward_check_memory_function(int row);
void forward_supply(int row);
void forward_take_back(int row);

typedef DWORD(WINAPI *forward_one_argument)(LPVOID);
DWORD forward_call_frame_length(void);
/* What the original's function returns. */
DWORD forward_original_frame_length(void);

/* The other parts; each gives the number of tests that failed. */
int forward_test_original(void);
int forward_test_threads(void);
