/*
 * topusers.c - counts frames and bytes for each address and each conversation, and submits the top
 * ten of both as events: a well-behaved expert to learn from.
 */
#include "expert.h"

#include <string.h>

enum { FIRST_ENTRIES = 16, TOP = 10 };

typedef struct ENTRY {
    PACKET_ADDRESS first;
    PACKET_ADDRESS second; /* of a conversation; zero for a single address */
    DWORD frames;
    DWORD bytes;
} ENTRY;

/* Sorted by address. ExpertMemorySize gives its capacity. */
typedef struct TABLE {
    ENTRY *entries;
    SIZE_T count;
} TABLE;

BOOL WINAPI Register(PEXPERTENUMINFO info)
{
    return expert_describe(info, "topusers", "the busiest addresses and conversations", 0);
}

static int compare(const ENTRY *entry, const PACKET_ADDRESS *first, const PACKET_ADDRESS *second)
{
    int order = address_compare(&entry->first, first);
    return order != 0 ? order : address_compare(&entry->second, second);
}

static BOOL make_room(HEXPERTKEY key, TABLE *table, DWORD *error)
{
    SIZE_T capacity = ExpertMemorySize(key, table->entries) / sizeof(ENTRY);
    if (table->entries != NULL && table->count < capacity)
        return TRUE;

    SIZE_T wanted = capacity == 0 ? FIRST_ENTRIES : 2 * capacity;
    /* On failure the old block stays valid, so table->entries changes only on success. */
    ENTRY *grown = ExpertReallocMemory(key, table->entries, wanted * sizeof(ENTRY), error);
    if (grown == NULL)
        return FALSE;
    table->entries = grown;
    return TRUE;
}

static BOOL count(HEXPERTKEY key, TABLE *table, const PACKET_ADDRESS *first,
                  const PACKET_ADDRESS *second, DWORD bytes, DWORD *error)
{
    SIZE_T low = 0, high = table->count;

    while (low < high) {
        SIZE_T middle = low + (high - low) / 2;
        if (compare(&table->entries[middle], first, second) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == table->count || compare(&table->entries[low], first, second) != 0) {
        if (!make_room(key, table, error))
            return FALSE;
        memmove(&table->entries[low + 1], &table->entries[low],
                (table->count - low) * sizeof(ENTRY));
        table->entries[low] = (ENTRY){.first = *first, .second = *second};
        table->count++;
    }
    table->entries[low].frames++;
    table->entries[low].bytes += bytes;
    return TRUE;
}

static BOOL count_frame(HEXPERTKEY key, TABLE *addresses, TABLE *conversations, const FRAME *frame,
                        DWORD *error)
{
    static const PACKET_ADDRESS nobody;
    PACKET packet;

    if (!packet_read(&packet, frame->MacFrame, frame->nBytesAvail))
        return TRUE;
    /* Both directions are one conversation. */
    const PACKET_ADDRESS *first = &packet.source, *second = &packet.destination;
    if (address_compare(first, second) > 0) {
        first = &packet.destination;
        second = &packet.source;
    }
    return count(key, addresses, first, &nobody, frame->FrameLength, error) &&
           count(key, addresses, second, &nobody, frame->FrameLength, error) &&
           count(key, conversations, first, second, frame->FrameLength, error);
}

/* Swaps the busiest entry after the first `rank` ones with the one at `rank`. */
static const ENTRY *bring_busiest(TABLE *table, SIZE_T rank)
{
    SIZE_T best = rank;

    for (SIZE_T other = rank + 1; other < table->count; other++) {
        if (table->entries[other].bytes > table->entries[best].bytes)
            best = other;
    }
    ENTRY entry = table->entries[best];
    table->entries[best] = table->entries[rank];
    table->entries[rank] = entry;
    return &table->entries[rank];
}

/* Submits the busiest entries. The table's order is lost. */
static DWORD tell_top(HEXPERTKEY key, TABLE *table, char *title)
{
    static char source[] = "topusers";
    static char names[][12] = {"Address", "Other", "Frames", "Bytes"};
    enum { COLUMN_ADDRESS, COLUMN_OTHER, COLUMN_FRAMES, COLUMN_BYTES, COLUMNS };
    char first[ADDRESS_TEXT], second[ADDRESS_TEXT];
    DWORD error = NMERR_SUCCESS;

    NMEVENTDATA *event = expert_new_event(key, source, title, COLUMNS);
    if (event == NULL)
        return NMERR_OUT_OF_MEMORY;
    for (int column = 0; column < COLUMNS; column++) {
        event->Column[column].szColumnName = names[column];
        event->Column[column].VariantData.Type =
            column < COLUMN_FRAMES ? NMCOLUMNTYPE_STRING : NMCOLUMNTYPE_UINT32;
    }
    for (SIZE_T rank = 0; rank < table->count && rank < TOP && error == NMERR_SUCCESS; rank++) {
        const ENTRY *entry = bring_busiest(table, rank);
        event->Column[COLUMN_ADDRESS].VariantData.Value.pStringVal =
            address_text(&entry->first, first);
        event->Column[COLUMN_OTHER].VariantData.Value.pStringVal =
            entry->second.length == 0 ? "" : address_text(&entry->second, second);
        event->Column[COLUMN_FRAMES].VariantData.Value.Uint32Val = entry->frames;
        event->Column[COLUMN_BYTES].VariantData.Value.Uint32Val = entry->bytes;
        error = ExpertSubmitEvent(key, event);
    }
    ExpertFreeMemory(key, event);
    return error;
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    static char addresses_title[] = "Busiest addresses",
                conversations_title[] = "Busiest conversations";
    EXPERTFRAMEDESCRIPTOR frame = EXPERT_FIRST;
    TABLE addresses = {0}, conversations = {0};
    DWORD error = NMERR_SUCCESS;
    (void)config, (void)startup, (void)startup_flags, (void)window;

    while (error == NMERR_SUCCESS) {
        error = expert_next_frame(key, &frame);
        if (error == NMERR_SUCCESS)
            (void)count_frame(key, &addresses, &conversations, (const FRAME *)frame.pFrame, &error);
    }
    if (error == NMERR_NO_MORE_FRAMES)
        error = tell_top(key, &addresses, addresses_title);
    if (error == NMERR_SUCCESS)
        error = tell_top(key, &conversations, conversations_title);
    ExpertFreeMemory(key, conversations.entries); /* NULL is allowed */
    ExpertFreeMemory(key, addresses.entries);
    return error == NMERR_SUCCESS;
}
