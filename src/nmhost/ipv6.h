/*
 * ipv6.h - the notation of IPv6 addresses: the supplied functions.
 */
#pragma once

#include <windows.h>

enum { IPV6_TEXT = 46 /* characters, the terminating zero included */ };

/* Return the end of the text. */
LPSTR WINAPI ipv6_to_text(const BYTE address[], LPSTR text);
LPWSTR WINAPI ipv6_to_text_wide(const BYTE address[], LPWSTR text);

/* 0, and where the address ends; or STATUS_INVALID_PARAMETER. */
ULONG WINAPI ipv6_from_text(LPCSTR text, LPCSTR *end, BYTE address[]);
ULONG WINAPI ipv6_from_text_wide(LPCWSTR text, LPCWSTR *end, BYTE address[]);
