/*
 * property.h - the properties of protocols, and those of one frame.
 *
 * What describes protocols and properties is made once, before the first expert, and read-only from
 * then on: no expert can change what the next one reads.
 */
#pragma once

#include "protocol.h"

enum {
    PROPERTY_INSTANCES = 768,
    PROPERTY_EXTRA = 24 * 1024, /* bytes for values beside the frame's data */
    PROPERTY_TEXT = 32 * 1024   /* bytes for formatted text */
};

/* The properties of one frame, for one thread. */
typedef struct PROPERTY_SPACE {
    DWORD frame;  /* INVALID_FRAME_NUMBER: none */
    DWORD layers; /* protocols that have a table */
    DWORD extra_used;
    DWORD text_used;
    union {
        PROPERTYTABLE table;
        /* The tables of its protocols lie behind it. */
        BYTE room[sizeof(PROPERTYTABLE) + (MOST_LAYERS + 1) * sizeof(PROPERTYINSTTABLE)];
    };
    PROPERTYINST instances[PROPERTY_INSTANCES];
    ULONGLONG extra[PROPERTY_EXTRA / sizeof(ULONGLONG)];
    char text[PROPERTY_TEXT];
} PROPERTY_SPACE;

/* FALSE: no memory. */
BOOL property_open(void);
void property_close(void);

/* NULL if it is no handle. */
LPPROPERTYINFO property_info(HPROPERTY handle);
LPPROTOCOLINFO property_protocol_info(HPROTOCOL handle);

/* All of them. */
LPPROTOCOLTABLE property_protocols(void);

/* Each protocol's ID and name. */
LPLABELED_WORD property_protocol_labels(void);

/* Empties the space, then attaches what the frame's protocols have. Of what does not fit or is not
   in the file nothing is attached. */
void property_attach_all(PROPERTY_SPACE *space, DWORD frame, const BYTE *data,
                         const LAYERS *layers);

/* Attaches an instance that no protocol of ours has: it gets into a table of its own. `value`:
   beside the data, may be NULL. FALSE if it does not fit. */
BOOL property_add(PROPERTY_SPACE *space, HPROPERTY handle, const BYTE *data, DWORD bytes,
                  const void *value, DWORD value_bytes, DWORD help, DWORD level, DWORD flags);

/* The next instance behind (or before) `last`, which may be anything; NULL: from the start (or the
   end). NULL if there is no more. */
LPPROPERTYINST property_find(PROPERTY_SPACE *space, HPROPERTY handle, LPPROPERTYINST last,
                             BOOL forward);

/* The instance's data, be it the frame's or beside it, and its length. */
const BYTE *property_data(const PROPERTYINST *instance, DWORD *bytes);

/* As a number, whatever the byte order. FALSE if its type is none. */
BOOL property_number(const PROPERTYINST *instance, ULONGLONG *number);
