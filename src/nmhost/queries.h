/*
 * queries.h - the supplied functions for protocols and properties.
 */
#pragma once

#include "caller.h"

LPPROTOCOLINFO WINAPI queries_protocol_info(HPROTOCOL protocol);
HPROTOCOL WINAPI queries_protocol_from_name(LPSTR name);
DWORD WINAPI queries_start_offset(HFRAME frame, LPSTR name);
DWORD WINAPI queries_start_offset_handle(HFRAME frame, HPROTOCOL protocol);
DWORD WINAPI queries_previous_offset(HFRAME frame, DWORD start, LPSTR name, DWORD *previous);
LPLABELED_WORD WINAPI queries_protocol_description(DWORD id);
LPLABELED_WORD WINAPI queries_protocol_descriptions(LPDWORD count);

HPROPERTY WINAPI queries_property(HPROTOCOL protocol, LPSTR label);
LPPROPERTYINFO WINAPI queries_property_info(HPROPERTY property);
BOOL WINAPI queries_attach(HFRAME frame, HPROPERTY property, DWORD bytes, ULPVOID data, DWORD help,
                           DWORD level, DWORD flags);
BOOL WINAPI queries_attach_ex(HFRAME frame, HPROPERTY property, DWORD bytes, ULPVOID data,
                              DWORD value_bytes, ULPVOID value, DWORD help, DWORD level,
                              DWORD flags);
LPPROPERTYINST WINAPI queries_find(HFRAME frame, HPROPERTY property);
LPPROPERTYINST WINAPI queries_find_restart(HFRAME frame, HPROPERTY property,
                                           LPPROPERTYINST *restart, BOOL forward);
DWORD WINAPI queries_reset_length(LPPROPERTYINST instance, WORD before, WORD after);
