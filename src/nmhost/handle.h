/*
 * handle.h - what is behind the handles that experts get: numbers.
 *
 * A handle is a tag, which tells its kind, and a place in one of the host's tables. Whatever an
 * expert hands in is looked at as a number, checked, and never dereferenced.
 */
#pragma once

#include "protocol.h"

#define HANDLE_CAPTURE ((HCAPTURE)(ULONG_PTR)0x43415001)

enum { HANDLE_PROTOCOL = 0x50520000, HANDLE_PROPERTY = 0x50590000, HANDLE_PLACES = 0x10000 };

/* Frames have the upper half of 32 bits. */
#define HANDLE_FRAME ((ULONG_PTR)0x80000000)

static inline HFRAME handle_of_frame(DWORD number)
{
    return number < HANDLE_FRAME ? (HFRAME)(HANDLE_FRAME | number) : NULL;
}

/* INVALID_FRAME_NUMBER if it is no frame's. The capture may have no frame of that number. */
static inline DWORD handle_to_frame(HFRAME handle)
{
    ULONG_PTR value = (ULONG_PTR)handle - HANDLE_FRAME;
    return value < HANDLE_FRAME ? (DWORD)value : INVALID_FRAME_NUMBER;
}

static inline HPROTOCOL handle_of_protocol(DWORD protocol)
{
    return protocol < PROTOCOLS ? (HPROTOCOL)(ULONG_PTR)(HANDLE_PROTOCOL + protocol) : NULL;
}

/* PROTOCOLS if it is none's. */
static inline DWORD handle_to_protocol(HPROTOCOL handle)
{
    ULONG_PTR value = (ULONG_PTR)handle - HANDLE_PROTOCOL;
    return value < PROTOCOLS ? (DWORD)value : PROTOCOLS;
}

static inline HPROPERTY handle_of_property(DWORD protocol, DWORD field)
{
    return (HPROPERTY)HANDLE_PROPERTY + ((HPROPERTY)protocol << 8) + field;
}

/* FALSE if it is none's. */
static inline BOOL handle_to_property(HPROPERTY handle, DWORD *protocol, DWORD *field)
{
    ULONG_PTR value = (ULONG_PTR)handle - HANDLE_PROPERTY;
    if (value >= (ULONG_PTR)PROTOCOLS << 8)
        return FALSE;
    *protocol = (DWORD)value >> 8;
    *field = (DWORD)value & 255;
    return *field < protocol_tables[*protocol]->field_count;
}
