/*
 * table_ip.c - IP, IPv6 with its extension headers, ICMP and ICMPv6.
 */
#include "table.h"

static const HANDOFF ip_next[] = {
    {1, PROTO_ICMP}, {4, PROTO_IP}, {6, PROTO_TCP}, {17, PROTO_UDP}, {41, PROTO_IP6}};

static const LABELED_BYTE ip_protocol_labels[] = {{0, "IPv6 hop-by-hop options"},
                                                  {1, "ICMP - Internet Control Message"},
                                                  {2, "IGMP - Internet Group Management"},
                                                  {4, "IP in IP"},
                                                  {6, "TCP - Transmission Control"},
                                                  {17, "UDP - User Datagram"},
                                                  {41, "IPv6"},
                                                  {43, "IPv6 routing header"},
                                                  {44, "IPv6 fragment header"},
                                                  {47, "GRE"},
                                                  {50, "ESP"},
                                                  {51, "AH"},
                                                  {58, "ICMPv6"},
                                                  {59, "IPv6 no next header"},
                                                  {60, "IPv6 destination options"},
                                                  {89, "OSPF"},
                                                  {132, "SCTP"}};
static const SET ip_protocol_set = SET_OF(ip_protocol_labels);

static const LABELED_BIT ip_flag_labels[] = {
    {0, "Last fragment in datagram", "More fragments in datagram"},
    {1, "May fragment datagram if necessary", "Cannot fragment datagram"}};
static const SET ip_flag_set = SET_OF(ip_flag_labels);

static const FIELD ip_fields[] = {
    SUMMARY("IP datagram"),
    FIELD("Version", BYTE, 0, 1, BITS(0xF0, 4)),
    FIELD("Header Length", BYTE, 0, 1, BITS(0x0F, 0), .scale = 4),
    FIELD("Service Type", BYTE, 1, 1),
    FIELD("Total Length", WORD, 2, 2),
    FIELD("Identification", WORD, 4, 2),
    FIELD("Flags Summary", BYTE, 6, 1, BITS(0xE0, 5), FLAGS(ip_flag_set)),
    FIELD("Fragment Offset", WORD, 6, 2, BITS(0x1FFF, 0), .scale = 8),
    FIELD("Time to Live", BYTE, 8, 1),
    FIELD("Protocol", BYTE, 9, 1, LABELS(ip_protocol_set)),
    FIELD("Checksum", WORD, 10, 2),
    FIELD("Source Address", IP_ADDRESS, 12, 4),
    FIELD("Destination Address", IP_ADDRESS, 16, 4),
    FIELD("Options", RAW_DATA, 20, 0),
    FIELD("Router Alert Option", WORD, 2, 2, OPTION_OF(148), .deeper = 1),
    FIELD("Record Route Option", RAW_DATA, 0, 0, OPTION_OF(7), .deeper = 1),
    FIELD("Time Stamp Option", RAW_DATA, 0, 0, OPTION_OF(68), .deeper = 1),
    FIELD("Data", RAW_DATA, 0, 0, BODY),
};

const PROTOCOL protocol_ip = {.name = "IP",
                              .comment = "Internet Protocol",
                              .fields = ip_fields,
                              .field_count = COUNT(ip_fields),
                              .least = 20,
                              .header_kind = HEADER_WORDS,
                              .header_at = 0,
                              .header_shift = 0,
                              .length_at = 2,
                              .next = ip_next,
                              .next_count = COUNT(ip_next),
                              .next_at = {9, 9},
                              .next_bytes = 1,
                              .list_kind = LIST_OPTIONS,
                              .list_at = 20};

static const HANDOFF ip6_next[] = {
    {4, PROTO_IP}, {6, PROTO_TCP}, {17, PROTO_UDP}, {41, PROTO_IP6}, {58, PROTO_ICMP6}};

static const FIELD ip6_fields[] = {
    SUMMARY("IPv6 datagram"),
    FIELD("Version", BYTE, 0, 1, BITS(0xF0, 4)),
    FIELD("Traffic Class", WORD, 0, 2, BITS(0x0FF0, 4)),
    FIELD("Flow Label", DWORD, 0, 4, BITS(0xFFFFF, 0)),
    FIELD("Payload Length", WORD, 4, 2),
    FIELD("Next Header", BYTE, 6, 1, LABELS(ip_protocol_set)),
    FIELD("Hop Limit", BYTE, 7, 1),
    FIELD("Source Address", IP6_ADDRESS, 8, 16),
    FIELD("Destination Address", IP6_ADDRESS, 24, 16),
    FIELD("Hop-by-Hop Options Header", RAW_DATA, 0, 0, OPTION_OF(0)),
    FIELD("Routing Header", RAW_DATA, 0, 0, OPTION_OF(43)),
    FIELD("Routing Type", BYTE, 2, 1, OPTION_OF(43), .deeper = 1),
    FIELD("Segments Left", BYTE, 3, 1, OPTION_OF(43), .deeper = 1),
    FIELD("Fragment Header", RAW_DATA, 0, 0, OPTION_OF(44)),
    FIELD("Fragment Offset", WORD, 2, 2, OPTION_OF(44), BITS(0xFFF8, 3), .scale = 8, .deeper = 1),
    FIELD("More Fragments", WORD, 2, 2, OPTION_OF(44), BITS(1, 0), .deeper = 1),
    FIELD("Fragment Identification", DWORD, 4, 4, OPTION_OF(44), .deeper = 1),
    FIELD("Authentication Header", RAW_DATA, 0, 0, OPTION_OF(51)),
    FIELD("Destination Options Header", RAW_DATA, 0, 0, OPTION_OF(60)),
    FIELD("Mobility Header", RAW_DATA, 0, 0, OPTION_OF(135)),
    FIELD("Data", RAW_DATA, 0, 0, BODY),
};

const PROTOCOL protocol_ip6 = {.name = "IP6",
                               .comment = "Internet Protocol version 6",
                               .fields = ip6_fields,
                               .field_count = COUNT(ip6_fields),
                               .least = 40,
                               .header_kind = HEADER_IP6,
                               .length_at = 4,
                               .length_add = 40,
                               .next = ip6_next,
                               .next_count = COUNT(ip6_next),
                               .list_kind = LIST_EXTENSIONS,
                               .list_at = 40};

static const LABELED_BYTE icmp_labels[] = {{0, "Echo Reply"},
                                           {3, "Destination Unreachable"},
                                           {4, "Source Quench"},
                                           {5, "Redirect"},
                                           {8, "Echo"},
                                           {9, "Router Advertisement"},
                                           {10, "Router Solicitation"},
                                           {11, "Time Exceeded"},
                                           {12, "Parameter Problem"},
                                           {13, "Timestamp"},
                                           {14, "Timestamp Reply"}};
static const SET icmp_set = SET_OF(icmp_labels);

/* Types 0 and 8 are echoes. */
static const FIELD icmp_fields[] = {
    SUMMARY("ICMP message"),
    FIELD("Packet Type", BYTE, 0, 1, LABELS(icmp_set)),
    FIELD("Code", BYTE, 1, 1),
    FIELD("Checksum", WORD, 2, 2),
    FIELD("Identifier", WORD, 4, 2, WHEN(0, 0xF7, 0, 0)),
    FIELD("Sequence Number", WORD, 6, 2, WHEN(0, 0xF7, 0, 0)),
    FIELD("Gateway Address", IP_ADDRESS, 4, 4, WHEN(0, 0xFF, 5, 5)),
    FIELD("Data", RAW_DATA, 0, 0, BODY),
};

const PROTOCOL protocol_icmp = {.name = "ICMP",
                                .comment = "Internet Control Message Protocol",
                                .fields = icmp_fields,
                                .field_count = COUNT(icmp_fields),
                                .least = 8};

static const LABELED_BYTE icmp6_labels[] = {{1, "Destination Unreachable"},
                                            {2, "Packet Too Big"},
                                            {3, "Time Exceeded"},
                                            {4, "Parameter Problem"},
                                            {128, "Echo Request"},
                                            {129, "Echo Reply"},
                                            {130, "Multicast Listener Query"},
                                            {131, "Multicast Listener Report"},
                                            {132, "Multicast Listener Done"},
                                            {133, "Router Solicitation"},
                                            {134, "Router Advertisement"},
                                            {135, "Neighbor Solicitation"},
                                            {136, "Neighbor Advertisement"},
                                            {137, "Redirect"},
                                            {143, "Multicast Listener Report version 2"}};
static const SET icmp6_set = SET_OF(icmp6_labels);

/* Options are shown for the messages that carry a target address: those of neighbours. */
static const FIELD icmp6_fields[] = {
    SUMMARY("ICMPv6 message"),
    FIELD("Packet Type", BYTE, 0, 1, LABELS(icmp6_set)),
    FIELD("Code", BYTE, 1, 1),
    FIELD("Checksum", WORD, 2, 2),
    FIELD("Identifier", WORD, 4, 2, WHEN(0, 0xFE, 128, 128)),
    FIELD("Sequence Number", WORD, 6, 2, WHEN(0, 0xFE, 128, 128)),
    FIELD("MTU", DWORD, 4, 4, WHEN(0, 0xFF, 2, 2)),
    FIELD("Target Address", IP6_ADDRESS, 8, 16, WHEN(0, 0xFF, 135, 137)),
    FIELD("Source Link-Layer Address", ETHERNET_ADDRESS, 2, 6, OPTION_OF(1), .deeper = 1),
    FIELD("Target Link-Layer Address", ETHERNET_ADDRESS, 2, 6, OPTION_OF(2), .deeper = 1),
    FIELD("Data", RAW_DATA, 0, 0, BODY),
};

const PROTOCOL protocol_icmp6 = {.name = "ICMP6",
                                 .comment = "Internet Control Message Protocol version 6",
                                 .fields = icmp6_fields,
                                 .field_count = COUNT(icmp6_fields),
                                 .least = 8,
                                 .list_kind = LIST_NEIGHBOUR,
                                 .list_at = 24,
                                 .list_when = {.at = 0, .mask = 0xFF, .low = 135, .high = 136}};
