#include "packet.h"

#include <string.h>

enum { ETHERNET_HEADER = 14, IPV4_HEADER = 20, IPV6_HEADER = 40 }; /* bytes */

static WORD read_word(const BYTE *at)
{
    return (WORD)(at[0] << 8 | at[1]);
}

static void set_address(PACKET_ADDRESS *address, const BYTE *bytes, BYTE length)
{
    memset(address, 0, sizeof *address);
    address->length = length;
    memcpy(address->bytes, bytes, length);
}

/* TCP and UDP begin with the ports. `left` is the number of bytes from `at` to the frame's end. */
static BOOL read_ports(PACKET *packet, const BYTE *at, DWORD left)
{
    if (packet->protocol != PROTOCOL_TCP && packet->protocol != PROTOCOL_UDP)
        return TRUE;
    if (left < 4)
        return FALSE;
    packet->source_port = read_word(at);
    packet->destination_port = read_word(at + 2);
    return TRUE;
}

static BOOL read_ipv4(PACKET *packet, const BYTE *at, DWORD left)
{
    if (left < IPV4_HEADER)
        return FALSE;
    DWORD header = (at[0] & 15u) * 4u;
    if (header < IPV4_HEADER || header > left)
        return FALSE;
    packet->protocol = at[9];
    set_address(&packet->source, at + 12, 4);
    set_address(&packet->destination, at + 16, 4);
    if (read_word(at + 6) & 0x1FFF)
        return TRUE; /* a later fragment has no ports */
    return read_ports(packet, at + header, left - header);
}

static BOOL read_ipv6(PACKET *packet, const BYTE *at, DWORD left)
{
    if (left < IPV6_HEADER)
        return FALSE;
    packet->protocol = at[6];
    set_address(&packet->source, at + 8, 16);
    set_address(&packet->destination, at + 24, 16);
    at += IPV6_HEADER;
    left -= IPV6_HEADER;
    /* Hop-by-hop, routing and destination options precede the protocol. */
    while (packet->protocol == 0 || packet->protocol == 43 || packet->protocol == 60) {
        if (left < 8 || left < (at[1] + 1u) * 8u)
            return FALSE;
        DWORD option = (at[1] + 1u) * 8u;
        packet->protocol = at[0];
        at += option;
        left -= option;
    }
    return read_ports(packet, at, left);
}

BOOL packet_read(PACKET *packet, const BYTE *data, DWORD bytes)
{
    memset(packet, 0, sizeof *packet);
    if (bytes < ETHERNET_HEADER)
        return FALSE;
    packet->type = read_word(data + 12);

    const BYTE *at = data + ETHERNET_HEADER;
    DWORD left = bytes - ETHERNET_HEADER;
    if (packet->type == PACKET_IPV4)
        return read_ipv4(packet, at, left);
    if (packet->type == PACKET_IPV6)
        return read_ipv6(packet, at, left);
    set_address(&packet->destination, data, 6);
    set_address(&packet->source, data + 6, 6);
    return TRUE;
}

int address_compare(const PACKET_ADDRESS *first, const PACKET_ADDRESS *second)
{
    if (first->length != second->length)
        return first->length < second->length ? -1 : 1;
    return memcmp(first->bytes, second->bytes, first->length);
}

static WORD group_of(const BYTE *bytes, int group)
{
    return read_word(&bytes[(SIZE_T)group * 2]);
}

/* The longest run of zero groups becomes "::". */
static void ipv6_text(const BYTE *bytes, char *text)
{
    int best = -1, best_length = 1;

    for (int first = 0; first < 8; first++) {
        int length = 0;
        while (first + length < 8 && group_of(bytes, first + length) == 0)
            length++;
        if (length > best_length) {
            best = first;
            best_length = length;
        }
    }
    for (int group = 0; group < 8; group++) {
        if (group == best) {
            text += wsprintfA(text, "::");
            group += best_length - 1;
            continue;
        }
        const char *colon = group == 0 || group == best + best_length ? "" : ":";
        text += wsprintfA(text, "%s%x", colon, group_of(bytes, group));
    }
}

const char *address_text(const PACKET_ADDRESS *address, char text[ADDRESS_TEXT])
{
    const BYTE *b = address->bytes;

    if (address->length == 16)
        ipv6_text(b, text);
    else if (address->length == 4)
        wsprintfA(text, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    else
        wsprintfA(text, "%02x-%02x-%02x-%02x-%02x-%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
    return text;
}
