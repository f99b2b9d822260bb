/* Counts frames and bytes for each address and each conversation, and prints the top ten of both:
   an expert as it should be. */
#include "expert.h"

#include <string.h>

enum { FIRST_ENTRIES = 16, TOP = 10 };

typedef struct ENTRY {
    PACKET_ADDRESS first;
    PACKET_ADDRESS second; /* of a conversation; zero for a single address */
    DWORD frames;
    DWORD bytes;
} ENTRY;

/* Sorted by address; its capacity is what ExpertMemorySize says. */
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
    /* A failure leaves the old block valid, so table->entries only changes on success. */
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

static BOOL count_frame(HEXPERTKEY key, TABLE *addresses, TABLE *conversations,
                        const PCAP_FRAME *frame, DWORD *error)
{
    static const PACKET_ADDRESS nobody;
    PACKET packet;

    if (!packet_read(&packet, frame))
        return TRUE;
    /* Both directions are one conversation. */
    const PACKET_ADDRESS *first = &packet.source, *second = &packet.destination;
    if (address_compare(first, second) > 0) {
        first = &packet.destination;
        second = &packet.source;
    }
    return count(key, addresses, first, &nobody, frame->length, error) &&
           count(key, addresses, second, &nobody, frame->length, error) &&
           count(key, conversations, first, second, frame->length, error);
}

/* Sorts the busiest to the front; the table is of no other use afterwards. */
static void print_top(TABLE *table, const char *title)
{
    char first[ADDRESS_TEXT], second[ADDRESS_TEXT];

    say("   %-48s %8s %10s\n", title, "frames", "bytes");
    for (SIZE_T rank = 0; rank < table->count && rank < TOP; rank++) {
        SIZE_T best = rank;
        for (SIZE_T other = rank + 1; other < table->count; other++) {
            if (table->entries[other].bytes > table->entries[best].bytes)
                best = other;
        }
        ENTRY entry = table->entries[best];
        table->entries[best] = table->entries[rank];
        table->entries[rank] = entry;
        say("   %-24s%-24s %8lu %10lu\n", address_text(&entry.first, first),
            entry.second.length == 0 ? "" : address_text(&entry.second, second), entry.frames,
            entry.bytes);
    }
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    TABLE addresses = {0}, conversations = {0};
    DWORD error = NMERR_SUCCESS;
    PCAP_FRAME frame;
    PCAP pcap;
    (void)config, (void)startup_flags, (void)window;

    void *capture = expert_load_capture(key, startup, &pcap);
    if (capture == NULL)
        return FALSE;
    while (error == NMERR_SUCCESS && pcap_next(&pcap, &frame))
        (void)count_frame(key, &addresses, &conversations, &frame, &error);
    if (error == NMERR_SUCCESS) {
        print_top(&addresses, "address");
        print_top(&conversations, "conversation");
    } else {
        say("   stopped by error %lu\n", error);
    }
    ExpertFreeMemory(key, conversations.entries); /* NULL is allowed */
    ExpertFreeMemory(key, addresses.entries);
    ExpertFreeMemory(key, capture);
    return error == NMERR_SUCCESS;
}
