/*
 * table.h - how the tables of protocols are written down. For the table_*.c files alone.
 */
#pragma once

#include "protocol.h"

/* A property: its label, type, place in bytes behind the protocol's start, and length, then what is
   not the usual. */
#define FIELD(text, kind, offset, length, ...)                                                     \
    {                                                                                              \
        .label = (text), .type = PROP_TYPE_##kind, .at = (offset), .bytes = (length), __VA_ARGS__  \
    }

/* The first one of each protocol: all of it. */
#define SUMMARY(text)                                                                              \
    {                                                                                              \
        .label = "Summary", .comment = (text), .type = PROP_TYPE_SUMMARY                           \
    }

#define BODY .place = IN_BODY
#define OPTION_OF(kind) .place = IN_OPTION, .option = (kind)
#define LABELS(labels) .qualifier = PROP_QUAL_LABELED_SET, .set = &(labels)
#define FLAGS(labels) .qualifier = PROP_QUAL_FLAGS, .set = &(labels)
#define BITS(bits, right) .mask = (bits), .shift = (right)
#define WHEN(offset, bits, least, most)                                                            \
    .when = {.at = (offset), .mask = (bits), .low = (least), .high = (most)}
#define UNLESS(offset, bits, least, most)                                                          \
    .when = {.at = (offset), .mask = (bits), .low = (least), .high = (most), .outside = 1}

/* A SET of the labels in an array. */
#define SET_OF(array)                                                                              \
    {                                                                                              \
        .nEntries = sizeof(array) / sizeof *(array),                                               \
        {                                                                                          \
            .lpVoidTable = (LPVOID)(array)                                                         \
        }                                                                                          \
    }

#define COUNT(array) (WORD)(sizeof(array) / sizeof *(array))
