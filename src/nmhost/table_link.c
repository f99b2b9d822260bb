/*
 * table_link.c - Ethernet, LLC, SNAP, ARP.
 */
#include "table.h"

static const HANDOFF ethertypes[] = {
    {0x0800, PROTO_IP}, {0x0806, PROTO_ARP}, {0x8035, PROTO_ARP}, {0x86DD, PROTO_IP6}};

static const LABELED_WORD ethertype_labels[] = {{0x0800, "IP: DOD Internet Protocol"},
                                                {0x0806, "ARP: Address Resolution Protocol"},
                                                {0x8035, "RARP: Reverse ARP"},
                                                {0x8100, "VLAN tag"},
                                                {0x8137, "IPX"},
                                                {0x86DD, "IP6: Internet Protocol version 6"},
                                                {0x88A8, "VLAN service tag"}};
static const SET ethertype_set = SET_OF(ethertype_labels);

/* Where tags stand, the type behind the addresses is the first tag's. */
static const FIELD ethernet_fields[] = {
    SUMMARY("Ethernet frame"),
    FIELD("Destination address", ETHERNET_ADDRESS, 0, 6),
    FIELD("Source address", ETHERNET_ADDRESS, 6, 6),
    FIELD("Frame Length", WORD, 12, 2, WHEN(12, 0xFF, 0, 5)),
    FIELD("Ethernet Type", WORD, 12, 2, LABELS(ethertype_set), WHEN(12, 0xFF, 6, 255)),
    FIELD("Ethernet Data", RAW_DATA, 0, 0, BODY),
};

const PROTOCOL protocol_ethernet = {.name = "ETHERNET",
                                    .comment = "Ethernet and IEEE 802.3",
                                    .fields = ethernet_fields,
                                    .field_count = COUNT(ethernet_fields),
                                    .least = 14,
                                    .header_kind = HEADER_ETHERNET,
                                    .next = ethertypes,
                                    .next_count = COUNT(ethertypes)};

static const HANDOFF saps[] = {{0xAA, PROTO_SNAP}, {0x06, PROTO_IP}};

static const LABELED_BYTE sap_labels[] = {{0x06, "IP"},  {0x42, "Spanning tree"}, {0xAA, "SNAP"},
                                          {0xE0, "IPX"}, {0xF0, "NetBIOS"},       {0xFF, "Global"}};
static const SET sap_set = SET_OF(sap_labels);

static const FIELD llc_fields[] = {
    SUMMARY("Logical link control"),
    FIELD("DSAP", BYTE, 0, 1, LABELS(sap_set)),
    FIELD("SSAP", BYTE, 1, 1, LABELS(sap_set)),
    FIELD("Control", BYTE, 2, 1),
    FIELD("Data", RAW_DATA, 0, 0, BODY),
};

const PROTOCOL protocol_llc = {.name = "LLC",
                               .comment = "Logical link control, IEEE 802.2",
                               .fields = llc_fields,
                               .field_count = COUNT(llc_fields),
                               .least = 3,
                               .header_kind = HEADER_LLC,
                               .next = saps,
                               .next_count = COUNT(saps)};

static const FIELD snap_fields[] = {
    SUMMARY("Subnetwork access protocol"),
    FIELD("Organization Code", RAW_DATA, 0, 3),
    FIELD("Ethernet Type", WORD, 3, 2, LABELS(ethertype_set)),
    FIELD("Data", RAW_DATA, 0, 0, BODY),
};

const PROTOCOL protocol_snap = {.name = "SNAP",
                                .comment = "Subnetwork access protocol",
                                .fields = snap_fields,
                                .field_count = COUNT(snap_fields),
                                .least = 5,
                                .next = ethertypes,
                                .next_count = COUNT(ethertypes),
                                .next_at = {3, 3},
                                .next_bytes = 2};

static const LABELED_WORD hardware_labels[] = {{1, "Ethernet"}, {6, "IEEE 802"}, {24, "IEEE 1394"}};
static const SET hardware_set = SET_OF(hardware_labels);

static const LABELED_WORD opcode_labels[] = {
    {1, "Request"}, {2, "Reply"}, {3, "Reverse Request"}, {4, "Reverse Reply"}};
static const SET opcode_set = SET_OF(opcode_labels);

/* The addresses only where they have the lengths of Ethernet's and IP's. */
static const FIELD arp_fields[] = {
    SUMMARY("Address resolution"),
    FIELD("Hardware Address Space", WORD, 0, 2, LABELS(hardware_set)),
    FIELD("Protocol Address Space", WORD, 2, 2, LABELS(ethertype_set)),
    FIELD("Hardware Address Length", BYTE, 4, 1),
    FIELD("Protocol Address Length", BYTE, 5, 1),
    FIELD("Opcode", WORD, 6, 2, LABELS(opcode_set)),
    FIELD("Sender's Hardware Address", ETHERNET_ADDRESS, 8, 6, WHEN(4, 0xFF, 6, 6)),
    FIELD("Sender's Protocol Address", IP_ADDRESS, 14, 4, WHEN(5, 0xFF, 4, 4)),
    FIELD("Target's Hardware Address", ETHERNET_ADDRESS, 18, 6, WHEN(4, 0xFF, 6, 6)),
    FIELD("Target's Protocol Address", IP_ADDRESS, 24, 4, WHEN(5, 0xFF, 4, 4)),
};

const PROTOCOL protocol_arp = {.name = "ARP_RARP",
                               .comment = "Address resolution, forwards and reverse",
                               .fields = arp_fields,
                               .field_count = COUNT(arp_fields),
                               .least = 28};
