/*
 * text.h - text of properties, as the generic formatter's page has it.
 */
#pragma once

#include "property.h"

/* Text under way: what does not fit is cut off. */
typedef struct TEXT {
    char *start;
    DWORD used;
    DWORD size; /* the terminating zero included; not 0 */
} TEXT;

void text_put(TEXT *text, const char *string);
void text_put_character(TEXT *text, char character);
void text_put_number(TEXT *text, ULONGLONG number, DWORD base);
void text_put_hex_byte(TEXT *text, BYTE byte);

/* 10 (0xa) */
void text_put_value(TEXT *text, ULONGLONG value);

/* A line for each labelled bit. */
void text_put_flags(TEXT *text, const SET *set, DWORD width, ULONGLONG value);

void text_put_time(TEXT *text, const SYSTEMTIME *time);
void text_put_string(TEXT *text, const PROPERTYINST *instance);
void text_put_label(TEXT *text, const PROPERTYINST *instance);

/* Everything of a property: "Label = value". FALSE: there is no text for its type. */
BOOL text_put_instance(TEXT *text, const PROPERTYINST *instance);

/* NULL if the set has no such value; width: its bytes. */
const char *text_label(const SET *set, DWORD width, ULONGLONG value);
