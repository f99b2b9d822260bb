/*
 * helpers.h - the supplied functions that only compute: sets, numbers, times, link layers, and the
 * per-capture heap.
 */
#pragma once

#include "caller.h"

/* The text of a number in base 10 or 16, at most 21 characters; returns its end. */
char *helpers_number(char *text, ULONGLONG number, DWORD base);

LPBYTE WINAPI helpers_lookup_byte(LPSET set, BYTE value);
LPBYTE WINAPI helpers_lookup_word(LPSET set, WORD value);
LPBYTE WINAPI helpers_lookup_dword(LPSET set, DWORD value);
LPDWORD WINAPI helpers_small_int(LPBYTE value, WORD bytes, BOOL swapped, LPDWORD number);
DWORD WINAPI helpers_byte_to_binary(LPSTR string, DWORD value);
DWORD WINAPI helpers_word_to_binary(LPSTR string, DWORD value);
DWORD WINAPI helpers_dword_to_binary(LPSTR string, DWORD value);
VOID WINAPI helpers_canonicalize_hex(LPSTR hex, LPSTR destination, DWORD length);
VOID WINAPI helpers_canon_hex(UCHAR *destination, UCHAR *source, int length, BOOL prefix);
SYSTEMTIME *WINAPI helpers_adjust_time(SYSTEMTIME *time, __int64 microseconds);

DWORD WINAPI helpers_mac_header_length(LPVOID header, DWORD mac_type);
DWORD WINAPI helpers_llc_header_length(LPLLC header);
DWORD WINAPI helpers_etype(LPVOID header, DWORD mac_type);
DWORD WINAPI helpers_saps(LPVOID header, DWORD mac_type);
BOOL WINAPI helpers_llc_present(LPVOID header, DWORD mac_type);

/* The heap is the expert's own memory: charged to it, gone with its key. */
void helpers_forget_instance(void);
LPVOID WINAPI helpers_get_instance(void);
VOID WINAPI helpers_set_instance(LPVOID instance);
LPVOID WINAPI helpers_heap_alloc(DWORD bytes, BOOL zero);
LPVOID WINAPI helpers_heap_realloc(LPVOID memory, DWORD bytes, BOOL zero);
BOOL WINAPI helpers_heap_free(LPVOID memory);
SIZE_T WINAPI helpers_heap_size(LPVOID memory);
