/*
 * table_transport.c - TCP and UDP.
 */
#include "table.h"

/* By either port, the destination's first. */
static const HANDOFF tcp_next[] = {
    {139, PROTO_NBT}, {445, PROTO_NBT}, {80, PROTO_HTTP}, {8080, PROTO_HTTP}, {8000, PROTO_HTTP}};

static const HANDOFF udp_next[] = {{53, PROTO_DNS}};

static const LABELED_WORD port_labels[] = {{20, "FTP [default data]"},
                                           {21, "FTP [control]"},
                                           {22, "SSH"},
                                           {23, "Telnet"},
                                           {25, "SMTP"},
                                           {53, "DNS"},
                                           {67, "BOOTP Server"},
                                           {68, "BOOTP Client"},
                                           {80, "HTTP"},
                                           {88, "Kerberos"},
                                           {110, "POP3"},
                                           {123, "NTP"},
                                           {135, "RPC"},
                                           {137, "NETBIOS Name Service"},
                                           {138, "NETBIOS Datagram Service"},
                                           {139, "NETBIOS Session Service"},
                                           {143, "IMAP"},
                                           {161, "SNMP"},
                                           {389, "LDAP"},
                                           {443, "HTTPS"},
                                           {445, "SMB"}};
static const SET port_set = SET_OF(port_labels);

static const LABELED_BIT tcp_flag_labels[] = {
    {0, "No more data from sender flag off", "No more data from sender"},
    {1, "Synchronize sequence numbers flag off", "Synchronize sequence numbers"},
    {2, "No Reset", "Reset the connection"},
    {3, "No Push function", "Push function"},
    {4, "Acknowledgement field not significant", "Acknowledgement field significant"},
    {5, "No urgent data", "Urgent pointer field significant"}};
static const SET tcp_flag_set = SET_OF(tcp_flag_labels);

static const FIELD tcp_fields[] = {
    SUMMARY("TCP segment"),
    FIELD("Source Port", WORD, 0, 2, LABELS(port_set)),
    FIELD("Destination Port", WORD, 2, 2, LABELS(port_set)),
    FIELD("Sequence Number", DWORD, 4, 4),
    FIELD("Acknowledgement Number", DWORD, 8, 4),
    FIELD("Data Offset", BYTE, 12, 1, BITS(0xF0, 4), .scale = 4),
    FIELD("Reserved", WORD, 12, 2, BITS(0x0FC0, 6)),
    FIELD("Flags", BYTE, 13, 1, BITS(0x3F, 0), FLAGS(tcp_flag_set)),
    FIELD("Window", WORD, 14, 2),
    FIELD("Checksum", WORD, 16, 2),
    FIELD("Urgent Pointer", WORD, 18, 2),
    FIELD("Options", RAW_DATA, 20, 0),
    FIELD("Option Nop", BYTE, 0, 1, OPTION_OF(1), .deeper = 1),
    FIELD("Maximum Segment Size Option", WORD, 2, 2, OPTION_OF(2), .deeper = 1),
    FIELD("Window Scale Option", BYTE, 2, 1, OPTION_OF(3), .deeper = 1),
    FIELD("SACK Permitted Option", RAW_DATA, 0, 0, OPTION_OF(4), .deeper = 1),
    FIELD("SACK Option", RAW_DATA, 0, 0, OPTION_OF(5), .deeper = 1),
    FIELD("Timestamps Option", RAW_DATA, 0, 0, OPTION_OF(8), .deeper = 1),
    FIELD("Data", RAW_DATA, 0, 0, BODY),
};

const PROTOCOL protocol_tcp = {.name = "TCP",
                               .comment = "Transmission Control Protocol",
                               .fields = tcp_fields,
                               .field_count = COUNT(tcp_fields),
                               .least = 20,
                               .header_kind = HEADER_WORDS,
                               .header_at = 12,
                               .header_shift = 4,
                               .next = tcp_next,
                               .next_count = COUNT(tcp_next),
                               .next_at = {2, 0},
                               .next_bytes = 2,
                               .list_kind = LIST_OPTIONS,
                               .list_at = 20};

static const FIELD udp_fields[] = {
    SUMMARY("UDP datagram"),
    FIELD("Source Port", WORD, 0, 2, LABELS(port_set)),
    FIELD("Destination Port", WORD, 2, 2, LABELS(port_set)),
    FIELD("Total length", WORD, 4, 2),
    FIELD("UDP Checksum", WORD, 6, 2),
    FIELD("Data", RAW_DATA, 0, 0, BODY),
};

const PROTOCOL protocol_udp = {.name = "UDP",
                               .comment = "User Datagram Protocol",
                               .fields = udp_fields,
                               .field_count = COUNT(udp_fields),
                               .least = 8,
                               .length_at = 4,
                               .next = udp_next,
                               .next_count = COUNT(udp_next),
                               .next_at = {2, 0},
                               .next_bytes = 2};
