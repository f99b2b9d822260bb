/*
 * packet.h - who sent a frame to whom, and what it carries.
 */
#pragma once

#include <windows.h>

enum { ADDRESS_TEXT = 48 }; /* characters, the terminating zero included */

typedef struct PACKET_ADDRESS {
    BYTE length; /* 4: IPv4, 16: IPv6, 6: Ethernet, where there is no IP */
    BYTE bytes[16];
} PACKET_ADDRESS;

typedef struct PACKET {
    WORD type;     /* EtherType: PACKET_... */
    BYTE protocol; /* within IP, else 0: PROTOCOL_... */
    PACKET_ADDRESS source;
    PACKET_ADDRESS destination;
    WORD source_port; /* of TCP and UDP, else 0 */
    WORD destination_port;
} PACKET;

enum { PACKET_IPV4 = 0x0800, PACKET_ARP = 0x0806, PACKET_IPV6 = 0x86DD };
enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, PROTOCOL_ICMPV6 = 58 };

/* Reads an Ethernet frame. FALSE if it is too short for its protocols. */
BOOL packet_read(PACKET *packet, const BYTE *data, DWORD bytes);

/* Negative, 0 or positive as first sorts before, with or after second. */
int address_compare(const PACKET_ADDRESS *first, const PACKET_ADDRESS *second);

/* Writes the usual notation into text, and returns text. */
const char *address_text(const PACKET_ADDRESS *address, char text[ADDRESS_TEXT]);
