#include "address.h"

#include <stddef.h>
#include <string.h>

#include "digit.h"
#include "handle.h"

enum {
    VALUE = offsetof(ADDRESS2, MACAddress),
    OLD_SIZE = sizeof(ADDRESS), /* bytes that every version has */
    MAC_BYTES = 6
};

/* Where an address lies in a frame. */
typedef struct PLACE {
    DWORD type; /* ADDRESS_TYPE_...: the one asked for, or the highest that was found */
    DWORD offset;
    DWORD bytes;
} PLACE;

DWORD address_bytes(DWORD type)
{
    switch (type) {
    case ADDRESS_TYPE_ETHERNET:
    case ADDRESS_TYPE_TOKENRING:
    case ADDRESS_TYPE_FDDI:
    case ADDRESS_TYPE_VINES_IP:
    case ADDRESS_TYPE_ATM:
    case ADDRESS_TYPE_1394:
        return MAC_BYTES;
    case ADDRESS_TYPE_IP:
        return IP_ADDRESS_SIZE;
    case ADDRESS_TYPE_IPX:
    case ADDRESS_TYPE_XNS:
        return sizeof(IPX_ADDR);
    case ADDRESS_TYPE_IP6:
        return IP6_ADDRESS_SIZE;
    default:
        return 0;
    }
}

/* Where the two addresses lie behind the start of the frame. */
static BOOL find_mac(const COPY *copy, BOOL source, DWORD type, PLACE *place)
{
    static const struct {
        WORD media;
        WORD destination;
        DWORD type;
    } medias[] = {{CAPTURE_ETHERNET, 0, ADDRESS_TYPE_ETHERNET},
                  {CAPTURE_TOKEN_RING, 2, ADDRESS_TYPE_TOKENRING},
                  {CAPTURE_FDDI, 1, ADDRESS_TYPE_FDDI}};

    for (SIZE_T media = 0; media < sizeof medias / sizeof *medias; media++) {
        if (copy->info.media != medias[media].media ||
            (type != medias[media].type && type != ADDRESS_TYPE_FIND_HIGHEST &&
             type != ADDRESS_TYPE_ANY))
            continue;
        place->type = medias[media].type;
        place->offset = medias[media].destination + (source ? MAC_BYTES : 0u);
        place->bytes = MAC_BYTES;
        return place->offset + MAC_BYTES <= copy->info.stored;
    }
    return FALSE;
}

static BOOL find_in_layer(const COPY *copy, DWORD protocol, DWORD type, DWORD offset, PLACE *place)
{
    const LAYER *layer = protocol_find(&copy->layers, protocol);

    if (layer == NULL)
        return FALSE;
    place->type = type;
    place->offset = layer->offset + offset;
    place->bytes = address_bytes(type);
    return TRUE;
}

/* FALSE if the frame has none of the type. */
static BOOL find(const COPY *copy, BOOL source, DWORD type, PLACE *place)
{
    BOOL highest = type == ADDRESS_TYPE_FIND_HIGHEST;

    /* IPX, XNS and VINES, which would come before and after IP, are none of our protocols. */
    if ((type == ADDRESS_TYPE_IP || highest) &&
        find_in_layer(copy, PROTO_IP, ADDRESS_TYPE_IP, source ? 12 : 16, place))
        return TRUE;
    if (type == ADDRESS_TYPE_IP6)
        return find_in_layer(copy, PROTO_IP6, ADDRESS_TYPE_IP6, source ? 8 : 24, place);
    return find_mac(copy, source, type, place);
}

void address_read(const ADDRESS2 *address, ADDRESS2 *copy)
{
    memset(copy, 0, sizeof *copy);
    memcpy(copy, address, VALUE);
    memcpy((BYTE *)copy + VALUE, (const BYTE *)address + VALUE, address_bytes(copy->Type));
}

BOOL address_matches(const COPY *copy, BOOL source, const ADDRESS2 *address)
{
    PLACE place;

    return find(copy, source, address->Type, &place) &&
           (address->Type == ADDRESS_TYPE_ANY ||
            memcmp(copy->info.data + place.offset, (const BYTE *)address + VALUE, place.bytes) ==
                0);
}

static BYTE reverse_bits(BYTE byte)
{
    BYTE reversed = 0;
    for (int bit = 0; bit < 8; bit++)
        reversed = (BYTE)(reversed << 1 | (byte >> bit & 1));
    return reversed;
}

/* The group bit of a destination and the routing bit of a source are the same one. */
static void modify(BYTE *value, DWORD type, DWORD flags)
{
    BOOL ring = type == ADDRESS_TYPE_TOKENRING;

    if (!ring && type != ADDRESS_TYPE_ETHERNET && type != ADDRESS_TYPE_FDDI)
        return;
    if (flags & ADDRESSTYPE_FLAGS_NORMALIZE)
        *value &= ring ? FRAME_MASK_TOKENRING : FRAME_MASK_ETHERNET;
    for (DWORD byte = 0; ring && (flags & ADDRESSTYPE_FLAGS_BIT_REVERSE) && byte < MAC_BYTES;
         byte++)
        value[byte] = reverse_bits(value[byte]);
}

static DWORD get_address(HFRAME frame, BOOL source, LPADDRESS2 address, DWORD type, DWORD flags)
{
    COPY *copy = caller_copy(frame);
    PLACE place;

    if (copy == NULL)
        return NMERR_INVALID_HFRAME;
    if (address == NULL)
        return NMERR_INVALID_PARAMETER;
    if (!find(copy, source, type, &place))
        return NMERR_PROTOCOL_NOT_FOUND;
    memset(address, 0, type == ADDRESS_TYPE_IP6 ? sizeof *address : OLD_SIZE);
    memcpy(address, &place.type, sizeof place.type);
    BYTE *value = (BYTE *)address + VALUE;
    memcpy(value, copy->info.data + place.offset, place.bytes);
    modify(value, place.type, flags);
    return NMERR_SUCCESS;
}

DWORD WINAPI address_get_frame_source(HFRAME frame, LPADDRESS2 address, DWORD type, DWORD flags)
{
    return get_address(frame, TRUE, address, type, flags);
}

DWORD WINAPI address_get_frame_dest(HFRAME frame, LPADDRESS2 address, DWORD type, DWORD flags)
{
    return get_address(frame, FALSE, address, type, flags);
}

static DWORD offset_of(HFRAME frame, BOOL source, DWORD type, LPDWORD bytes)
{
    COPY *copy = caller_copy(frame);
    PLACE place;

    if (copy == NULL || !find(copy, source, type, &place))
        return (DWORD)-1;
    if (bytes != NULL)
        *bytes = place.bytes;
    return place.offset;
}

DWORD WINAPI address_source_offset(HFRAME frame, DWORD type, LPDWORD bytes)
{
    return offset_of(frame, TRUE, type, bytes);
}

DWORD WINAPI address_dest_offset(HFRAME frame, DWORD type, LPDWORD bytes)
{
    return offset_of(frame, FALSE, type, bytes);
}

static BOOL compare_frame(HFRAME frame, BOOL source, const ADDRESS2 *address)
{
    COPY *copy = caller_copy(frame);
    ADDRESS2 wanted;

    if (copy == NULL || address == NULL)
        return FALSE;
    address_read(address, &wanted);
    return address_matches(copy, source, &wanted);
}

BOOL WINAPI address_compare_frame_source(HFRAME frame, LPADDRESS2 address)
{
    return compare_frame(frame, TRUE, address);
}

BOOL WINAPI address_compare_frame_dest(HFRAME frame, LPADDRESS2 address)
{
    return compare_frame(frame, FALSE, address);
}

int WINAPI address_order(LPADDRESS2 first, LPADDRESS2 second)
{
    ADDRESS2 one, other;

    if (first == NULL || second == NULL)
        return (first != NULL) - (second != NULL);
    address_read(first, &one);
    address_read(second, &other);
    if (one.Type != other.Type)
        return one.Type < other.Type ? -1 : 1;
    return memcmp((BYTE *)&one + VALUE, (BYTE *)&other + VALUE, address_bytes(one.Type));
}

LPSTR WINAPI address_to_string(LPSTR string, BYTE *address)
{
    static const char digits[] = "0123456789ABCDEF";
    char *at = string;

    if (string == NULL || address == NULL)
        return NULL;
    for (DWORD byte = 0; byte < MAC_BYTES; byte++) {
        *at++ = digits[address[byte] >> 4];
        *at++ = digits[address[byte] & 15];
    }
    *at = '\0';
    return string;
}

LPBYTE WINAPI address_from_string(BYTE *address, LPSTR string)
{
    BYTE value[MAC_BYTES] = {0};
    DWORD digits = 0;

    if (address == NULL || string == NULL)
        return NULL;
    for (; *string != '\0' && digits < 2 * MAC_BYTES; string++) {
        int digit = digit_value(*string);
        if (digit == 16 && *string != '-' && *string != ':' && *string != ' ')
            return NULL;
        if (digit == 16)
            continue;
        value[digits / 2] = (BYTE)(value[digits / 2] << 4 | digit);
        digits++;
    }
    if (digits != 2 * MAC_BYTES || *string != '\0')
        return NULL;
    memcpy(address, value, sizeof value);
    return address;
}

/* MAC_TYPE_UNKNOWN has none. */
static const DWORD types[] = {(DWORD)-1,         ADDRESS_TYPE_ETHERNET, ADDRESS_TYPE_TOKENRING,
                              ADDRESS_TYPE_FDDI, ADDRESS_TYPE_ATM,      ADDRESS_TYPE_1394};

DWORD WINAPI address_type_of_mac_type(DWORD mac_type)
{
    return mac_type < sizeof types / sizeof *types ? types[mac_type] : (DWORD)-1;
}

DWORD WINAPI address_mac_type_of_type(DWORD address_type)
{
    for (DWORD mac_type = MAC_TYPE_ETHERNET; mac_type < sizeof types / sizeof *types; mac_type++) {
        if (types[mac_type] == address_type)
            return mac_type;
    }
    return MAC_TYPE_UNKNOWN;
}
