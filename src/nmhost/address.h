/*
 * address.h - addresses of frames, and their notations.
 */
#pragma once

#include "caller.h"

/* Bytes of an address; 0: no such type, or one without a value. */
DWORD address_bytes(DWORD type);

/* Reads no more of it than every version of the structure has. */
void address_read(const ADDRESS2 *address, ADDRESS2 *copy);

/* Whether the frame has this source or destination; with ADDRESS_TYPE_ANY: whether it has one. */
BOOL address_matches(const COPY *copy, BOOL source, const ADDRESS2 *address);

/* The supplied functions. */
DWORD WINAPI address_get_frame_source(HFRAME frame, LPADDRESS2 address, DWORD type, DWORD flags);
DWORD WINAPI address_get_frame_dest(HFRAME frame, LPADDRESS2 address, DWORD type, DWORD flags);
DWORD WINAPI address_source_offset(HFRAME frame, DWORD type, LPDWORD bytes);
DWORD WINAPI address_dest_offset(HFRAME frame, DWORD type, LPDWORD bytes);
BOOL WINAPI address_compare_frame_source(HFRAME frame, LPADDRESS2 address);
BOOL WINAPI address_compare_frame_dest(HFRAME frame, LPADDRESS2 address);
int WINAPI address_order(LPADDRESS2 first, LPADDRESS2 second);
LPSTR WINAPI address_to_string(LPSTR string, BYTE *address);
LPBYTE WINAPI address_from_string(BYTE *address, LPSTR string);
DWORD WINAPI address_type_of_mac_type(DWORD mac_type);
DWORD WINAPI address_mac_type_of_type(DWORD address_type);
