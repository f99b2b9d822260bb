/*
 * ber.h - the supplied functions for BER, object identifiers and Unicode text. They read what a
 * caller's encoding claims to have: its bounds are the caller's business.
 */
#pragma once

#include <windows.h>

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

BOOL WINAPIV ber_get_header(ULPBYTE at, ULPBYTE tag, LPDWORD header, LPDWORD bytes, ULPBYTE *next);
BOOL WINAPIV ber_get_integer(ULPBYTE at, ULPBYTE *value, LPDWORD header, LPDWORD bytes,
                             ULPBYTE *next);
BOOL WINAPIV ber_get_string(ULPBYTE at, ULPBYTE *value, LPDWORD header, LPDWORD bytes,
                            ULPBYTE *next);

/* Of an identifier's contents, without tag and length. oid->Length: on entry how many DWORDs there
   is room for, then how many there are. */
DWORD WINAPI ber_decode_identifier(LPBYTE data, DWORD bytes, LPOBJECT_IDENTIFIER oid);

/* Writes at most MAX_PATH characters, the terminating zero included, because that is what the one
   known caller has. Returns how many there are before it. */
DWORD WINAPI ber_format_unicode(LPSTR text, LPCWSTR unicode, WORD bytes);
