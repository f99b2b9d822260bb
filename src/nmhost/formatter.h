/*
 * formatter.h - the supplied functions that make text of properties.
 *
 * The text of a property is "Label = value", the value as the generic formatter's page has it. It
 * goes where szPropertyText points, at most FormatStringSize bytes; where that is NULL, into memory
 * of the host's that is the thread's until its next ExpertGetFrame.
 */
#pragma once

#include "caller.h"

LPSTR WINAPI formatter_property_text(HFRAME frame, LPPROPERTYINST instance, LPSTR buffer,
                                     DWORD size);
DWORD WINAPIV formatter_instance(LPPROPERTYINST instance, ...);
VOID WINAPIV formatter_as_byte(LPPROPERTYINST instance, DWORD base);
VOID WINAPIV formatter_as_word(LPPROPERTYINST instance, DWORD base);
VOID WINAPIV formatter_as_dword(LPPROPERTYINST instance, DWORD base);
VOID WINAPIV formatter_as_int64(LPPROPERTYINST instance, DWORD base);
VOID WINAPIV formatter_as_time(LPPROPERTYINST instance);
VOID WINAPIV formatter_as_string(LPPROPERTYINST instance);
VOID WINAPIV formatter_as_hex_string(LPPROPERTYINST instance);
VOID WINAPIV formatter_byte_set(LPPROPERTYINST instance);
VOID WINAPIV formatter_word_set(LPPROPERTYINST instance);
VOID WINAPIV formatter_dword_set(LPPROPERTYINST instance);
VOID WINAPIV formatter_byte_set_as_flags(LPPROPERTYINST instance);
VOID WINAPIV formatter_word_set_as_flags(LPPROPERTYINST instance);
VOID WINAPIV formatter_dword_set_as_flags(LPPROPERTYINST instance);
DWORD WINAPIV formatter_byte_flags(LPSTR string, DWORD value, DWORD mask);
DWORD WINAPIV formatter_word_flags(LPSTR string, DWORD value, DWORD mask);
DWORD WINAPIV formatter_dword_flags(LPSTR string, DWORD value, DWORD mask);
LPSTR WINAPIV formatter_time(SYSTEMTIME *time, LPSTR string);
