#include "protocol.h"

#include <string.h>

enum {
    TAG_VLAN = 0x8100,
    TAG_SERVICE = 0x88A8,
    TAG_OLD = 0x9100,
    TAGS = 4 /* as many are skipped */
};

/* IPv6 extension headers. */
enum {
    NEXT_HOP_BY_HOP = 0,
    NEXT_ROUTING = 43,
    NEXT_FRAGMENT = 44,
    NEXT_AUTHENTICATION = 51,
    NEXT_NONE = 59,
    NEXT_DESTINATION = 60,
    NEXT_MOBILITY = 135
};

enum { NO_NEXT = 0x10000, IP6_HEADER = 40, MEDIA_ETHERNET = 1 };

const PROTOCOL *const protocol_tables[PROTOCOLS] = {
    [PROTO_ETHERNET] = &protocol_ethernet,
    [PROTO_LLC] = &protocol_llc,
    [PROTO_SNAP] = &protocol_snap,
    [PROTO_ARP] = &protocol_arp,
    [PROTO_IP] = &protocol_ip,
    [PROTO_IP6] = &protocol_ip6,
    [PROTO_ICMP] = &protocol_icmp,
    [PROTO_ICMP6] = &protocol_icmp6,
    [PROTO_TCP] = &protocol_tcp,
    [PROTO_UDP] = &protocol_udp,
    [PROTO_DNS] = &protocol_dns,
    [PROTO_HTTP] = &protocol_http,
    [PROTO_NBT] = &protocol_nbt,
    [PROTO_SMB] = &protocol_smb,
};

WORD protocol_word(const BYTE *at)
{
    return (WORD)(at[0] << 8 | at[1]);
}

/* Letter case aside. The C runtime's comparison would take the locale's lock. */
static BOOL is_same_name(const char *first, const char *second)
{
    for (;; first++, second++) {
        int one = *first >= 'a' && *first <= 'z' ? *first - 'a' + 'A' : *first;
        int other = *second >= 'a' && *second <= 'z' ? *second - 'a' + 'A' : *second;
        if (one != other)
            return FALSE;
        if (one == '\0')
            return TRUE;
    }
}

DWORD protocol_by_name(const char *name)
{
    static const struct {
        const char *name;
        DWORD protocol;
    } others[] = {
        {"ARP", PROTO_ARP}, {"RARP", PROTO_ARP}, {"IPV6", PROTO_IP6}, {"ICMPV6", PROTO_ICMP6}};

    if (name == NULL)
        return PROTOCOLS;
    for (DWORD protocol = 0; protocol < PROTOCOLS; protocol++) {
        if (is_same_name(protocol_tables[protocol]->name, name))
            return protocol;
    }
    for (SIZE_T other = 0; other < sizeof others / sizeof *others; other++) {
        if (is_same_name(others[other].name, name))
            return others[other].protocol;
    }
    return PROTOCOLS;
}

DWORD protocol_field_by_name(DWORD protocol, const char *label)
{
    const PROTOCOL *table = protocol_tables[protocol];
    DWORD field = 0;

    while (field < table->field_count &&
           (label == NULL || !is_same_name(table->fields[field].label, label)))
        field++;
    return field;
}

BOOL protocol_when(const FIELD_WHEN *when, const BYTE *data, const LAYER *layer)
{
    if (when->mask == 0)
        return TRUE;
    DWORD at = (DWORD)layer->offset + when->at;
    if (at >= layer->end)
        return FALSE;
    BYTE value = data[at] & when->mask;
    return (value >= when->low && value <= when->high) == !when->outside;
}

/*
 * Options
 */

static BOOL is_extension(DWORD kind)
{
    return kind == NEXT_HOP_BY_HOP || kind == NEXT_ROUTING || kind == NEXT_FRAGMENT ||
           kind == NEXT_AUTHENTICATION || kind == NEXT_DESTINATION || kind == NEXT_MOBILITY;
}

/* Fills in the extension header of this kind; FALSE if it is none or is cut off. */
static BOOL read_extension(const BYTE *data, DWORD end, DWORD offset, DWORD kind, OPTION *option)
{
    if (!is_extension(kind) || offset + 8 > end)
        return FALSE;
    DWORD bytes = kind == NEXT_FRAGMENT         ? 8u
                  : kind == NEXT_AUTHENTICATION ? (data[offset + 1] + 2u) * 4u
                                                : (data[offset + 1] + 1u) * 8u;
    if (bytes < 8 || bytes > end - offset)
        return FALSE;
    *option = (OPTION){kind, offset, bytes, offset + bytes, data[offset]};
    if (kind == NEXT_FRAGMENT && (protocol_word(data + offset + 2) & 0xFFF8) != 0)
        option->next_kind = NO_NEXT; /* what follows is from the middle of something */
    return TRUE;
}

BOOL protocol_next_option(const BYTE *data, const LAYER *layer, BOOL first, OPTION *option)
{
    const PROTOCOL *table = protocol_tables[layer->protocol];
    DWORD offset = first ? (DWORD)layer->offset + table->list_at : option->next;
    DWORD end = table->list_kind == LIST_NEIGHBOUR ? layer->end : layer->body;

    if (end > layer->end)
        end = layer->end;
    if (table->list_kind == LIST_NONE || (first && !protocol_when(&table->list_when, data, layer)))
        return FALSE;
    if (table->list_kind == LIST_EXTENSIONS) {
        DWORD kind = first ? data[layer->offset + 6u] : option->next_kind;
        return read_extension(data, end, offset, kind, option);
    }
    if (offset >= end || (table->list_kind == LIST_OPTIONS && data[offset] == 0))
        return FALSE;
    DWORD bytes = 1;
    if (table->list_kind == LIST_NEIGHBOUR || data[offset] != 1) {
        if (offset + 2 > end)
            return FALSE;
        bytes = table->list_kind == LIST_NEIGHBOUR ? data[offset + 1] * 8u : data[offset + 1];
        if (bytes < 2 || bytes > end - offset)
            return FALSE;
    }
    *option = (OPTION){data[offset], offset, bytes, offset + bytes, 0};
    return TRUE;
}

/*
 * Recognizing
 */

static BOOL begins_with(const char *const *texts, const BYTE *data, DWORD left)
{
    if (texts == NULL)
        return TRUE;
    for (; *texts != NULL; texts++) {
        DWORD length = (DWORD)strlen(*texts);
        if (length <= left && memcmp(data, *texts, length) == 0)
            return TRUE;
    }
    return FALSE;
}

static DWORD by_handoff(const PROTOCOL *table, DWORD value)
{
    for (DWORD entry = 0; entry < table->next_count; entry++) {
        if (table->next[entry].value == value)
            return table->next[entry].protocol;
    }
    return PROTOCOLS;
}

/* By one of the two fields, or by none where the other one is the header's. */
static DWORD by_fields(const PROTOCOL *table, const BYTE *start)
{
    DWORD next = PROTOCOLS;

    for (int field = 0; field < 2 && next == PROTOCOLS; field++) {
        const BYTE *at = start + table->next_at[field];
        if (table->next_bytes == 1)
            next = by_handoff(table, *at);
        else if (table->next_bytes == 2)
            next = by_handoff(table, protocol_word(at));
    }
    return next;
}

/* Returns what follows and sets where the header ends. */
static DWORD read_ethernet(const BYTE *data, LAYER *layer)
{
    DWORD at = layer->offset + 12u;
    WORD type = protocol_word(data + at);

    for (int tag = 0; tag < TAGS && at + 6 <= layer->end; tag++) {
        if (type != TAG_VLAN && type != TAG_SERVICE && type != TAG_OLD)
            break;
        at += 4;
        type = protocol_word(data + at);
    }
    layer->body = at + 2;
    if (type >= ETHERNET_FRAME_TYPE)
        return by_handoff(&protocol_ethernet, type);
    if (type < layer->end - layer->body)
        layer->end = layer->body + type; /* padding follows */
    return PROTO_LLC;
}

/* Unnumbered formats have one byte of control, the others two. Only unnumbered information (3)
   carries something. */
static DWORD read_llc(const BYTE *data, LAYER *layer)
{
    const BYTE *start = data + layer->offset;

    layer->body = layer->offset + ((start[2] & 3) == 3 ? 3u : 4u);
    return start[2] == 3 ? by_handoff(&protocol_llc, start[0]) : PROTOCOLS;
}

static DWORD read_ip6(const BYTE *data, LAYER *layer)
{
    DWORD kind = data[layer->offset + 6u];
    OPTION option;

    layer->body = layer->offset + IP6_HEADER;
    while (read_extension(data, layer->end, layer->body, kind, &option)) {
        layer->body = option.next;
        kind = option.next_kind;
    }
    return by_handoff(&protocol_ip6, kind);
}

static void read_line(const BYTE *data, LAYER *layer)
{
    DWORD at = layer->offset;

    while (at < layer->end && data[at] != '\n')
        at++;
    layer->body = at < layer->end ? at + 1 : at;
}

/* Reads the header of what starts at the layer's offset and ends, at the latest, at its end. FALSE
   if that is not the protocol. */
static BOOL read_header(const BYTE *data, LAYER *layer, DWORD *next)
{
    const PROTOCOL *table = protocol_tables[layer->protocol];
    const BYTE *start = data + layer->offset;
    DWORD left = layer->end - layer->offset;

    if (left < table->least || !begins_with(table->starts, start, left))
        return FALSE;
    layer->body = layer->offset + (DWORD)table->least;
    if (table->header_kind == HEADER_WORDS) {
        DWORD bytes = (start[table->header_at] >> table->header_shift & 15u) * 4u;
        if (bytes < table->least || bytes > left)
            return FALSE;
        layer->body = layer->offset + bytes;
    }
    if (table->length_at != 0) {
        DWORD length = (DWORD)protocol_word(start + table->length_at) + table->length_add;
        /* 0 where the sender's hardware was to cut it up */
        if (length >= layer->body - layer->offset && length < left)
            layer->end = layer->offset + length;
    }
    switch (table->header_kind) {
    case HEADER_ETHERNET:
        *next = read_ethernet(data, layer);
        break;
    case HEADER_LLC:
        *next = read_llc(data, layer);
        break;
    case HEADER_IP6:
        *next = read_ip6(data, layer);
        break;
    default:
        if (table->header_kind == HEADER_LINE)
            read_line(data, layer);
        *next = by_fields(table, start);
        break;
    }
    if (layer->body > layer->end)
        layer->body = layer->end;
    /* A fragment from the middle. */
    if (layer->protocol == PROTO_IP && (protocol_word(start + 6) & 0x1FFF) != 0)
        *next = PROTOCOLS;
    return TRUE;
}

void protocol_recognize(const BYTE *data, DWORD bytes, WORD media, LAYERS *layers)
{
    DWORD next = media == MEDIA_ETHERNET ? (DWORD)PROTO_ETHERNET : PROTOCOLS;
    DWORD offset = 0, end = bytes;

    layers->count = 0;
    while (next < PROTOCOLS && layers->count < MOST_LAYERS && offset < end && offset <= 0xFFFF) {
        LAYER *layer = &layers->layer[layers->count];
        *layer = (LAYER){.protocol = (WORD)next, .offset = (WORD)offset, .end = end};
        if (!read_header(data, layer, &next))
            break;
        layers->count++;
        offset = layer->body;
        end = layer->end;
    }
}

const LAYER *protocol_find(const LAYERS *layers, DWORD protocol)
{
    for (DWORD layer = 0; layer < layers->count; layer++) {
        if (layers->layer[layer].protocol == protocol)
            return &layers->layer[layer];
    }
    return NULL;
}
