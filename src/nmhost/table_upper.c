/*
 * table_upper.c - DNS over UDP, the first line of HTTP, the session header of NetBIOS over TCP, the
 * header of SMB.
 */
#include "table.h"

static const LABELED_BIT dns_flag_labels[] = {
    {15, "Request", "Response"},
    {10, "Server not authority for domain", "Server authority for domain"},
    {9, "Message complete", "Message truncated"},
    {8, "Iterative query desired", "Recursive query desired"},
    {7, "No recursive queries", "Recursive queries supported by server"}};
static const SET dns_flag_set = SET_OF(dns_flag_labels);

static const LABELED_WORD dns_type_labels[] = {{1, "Host Address"},
                                               {2, "Name Server"},
                                               {5, "Canonical Name"},
                                               {6, "Start of Authority"},
                                               {12, "Domain Name Pointer"},
                                               {15, "Mail Exchange"},
                                               {16, "Text"},
                                               {28, "IPv6 Host Address"},
                                               {33, "Service Location"},
                                               {255, "All Records"}};
static const SET dns_type_set = SET_OF(dns_type_labels);

static const LABELED_WORD dns_class_labels[] = {{1, "Internet"}, {255, "All Classes"}};
static const SET dns_class_set = SET_OF(dns_class_labels);

/* The question only where there is one; they are counted in bytes 4 and 5. */
static const FIELD dns_fields[] = {
    SUMMARY("DNS message"),
    FIELD("Query Identifier", WORD, 0, 2),
    FIELD("DNS Flags", WORD, 2, 2, FLAGS(dns_flag_set)),
    FIELD("Question Entry Count", WORD, 4, 2),
    FIELD("Answer Entry Count", WORD, 6, 2),
    FIELD("Name Server Count", WORD, 8, 2),
    FIELD("Additional Records Count", WORD, 10, 2),
    FIELD("Question Name", STRING, 12, 0, .place = IN_NAME, .deeper = 1, WHEN(5, 0xFF, 1, 255)),
    FIELD("Question Type", WORD, 0, 2, .place = BEHIND_NAME, .deeper = 1, LABELS(dns_type_set),
          WHEN(5, 0xFF, 1, 255)),
    FIELD("Question Class", WORD, 2, 2, .place = BEHIND_NAME, .deeper = 1, LABELS(dns_class_set),
          WHEN(5, 0xFF, 1, 255)),
    FIELD("Data", RAW_DATA, 0, 0, BODY),
};

const PROTOCOL protocol_dns = {.name = "DNS",
                               .comment = "Domain Name System",
                               .fields = dns_fields,
                               .field_count = COUNT(dns_fields),
                               .least = 12};

static const char *const http_starts[] = {
    "GET ",     "HEAD ",  "POST ",   "PUT ",    "DELETE ",   "OPTIONS ",  "TRACE ",
    "CONNECT ", "PATCH ", "HTTP/",   "NOTIFY ", "M-SEARCH ", "PROPFIND ", "MOVE ",
    "COPY ",    "LOCK ",  "UNLOCK ", "MKCOL ",  "SEARCH ",   "REPORT ",   NULL};

/* An answer's second letter is T; no method has it there. */
static const FIELD http_fields[] = {
    SUMMARY("HTTP message"),
    FIELD("Request Method", STRING, 0, 0, .place = IN_LINE, UNLESS(1, 0xFF, 'T', 'T')),
    FIELD("Uniform Resource Identifier", STRING, 1, 0, .place = IN_LINE, UNLESS(1, 0xFF, 'T', 'T')),
    FIELD("Protocol Version", STRING, 2, 0, .place = IN_LINE, UNLESS(1, 0xFF, 'T', 'T')),
    FIELD("Response Protocol Version", STRING, 0, 0, .place = IN_LINE, WHEN(1, 0xFF, 'T', 'T')),
    FIELD("Status Code", STRING, 1, 0, .place = IN_LINE, WHEN(1, 0xFF, 'T', 'T')),
    FIELD("Reason", STRING, 2, 0, .place = IN_LINE, WHEN(1, 0xFF, 'T', 'T')),
    FIELD("Data", RAW_DATA, 0, 0, BODY),
};

const PROTOCOL protocol_http = {.name = "HTTP",
                                .comment = "Hypertext Transfer Protocol, the first line",
                                .fields = http_fields,
                                .field_count = COUNT(http_fields),
                                .starts = http_starts,
                                .least = 5,
                                .header_kind = HEADER_LINE};

static const LABELED_BYTE nbt_labels[] = {
    {0x00, "Session Message"},           {0x81, "Session Request"},
    {0x82, "Positive Session Response"}, {0x83, "Negative Session Response"},
    {0x84, "Retarget Session Response"}, {0x85, "Session Keep Alive"}};
static const SET nbt_set = SET_OF(nbt_labels);

static const FIELD nbt_fields[] = {
    SUMMARY("NetBIOS session packet"),   FIELD("Packet Type", BYTE, 0, 1, LABELS(nbt_set)),
    FIELD("Packet Flags", BYTE, 1, 1),   FIELD("Packet Length", DWORD, 0, 4, BITS(0x1FFFF, 0)),
    FIELD("Data", RAW_DATA, 0, 0, BODY),
};

/* Only a session message, type 0, has SMB behind it, and its start says so. */
static const HANDOFF nbt_next[] = {{0, PROTO_SMB}};

const PROTOCOL protocol_nbt = {.name = "NBT",
                               .comment = "NetBIOS over TCP, the session header",
                               .fields = nbt_fields,
                               .field_count = COUNT(nbt_fields),
                               .least = 4,
                               .next = nbt_next,
                               .next_count = COUNT(nbt_next),
                               .next_at = {0, 0},
                               .next_bytes = 1};

static const char *const smb_starts[] = {"\xFFSMB", NULL};

static const LABELED_BYTE smb_labels[] = {{0x04, "close"},
                                          {0x24, "locking"},
                                          {0x25, "transact"},
                                          {0x2B, "echo"},
                                          {0x2D, "open & X"},
                                          {0x2E, "read & X"},
                                          {0x2F, "write & X"},
                                          {0x32, "transact2"},
                                          {0x71, "tree disconnect"},
                                          {0x72, "negotiate"},
                                          {0x73, "session setup & X"},
                                          {0x74, "logoff & X"},
                                          {0x75, "tree connect & X"},
                                          {0xA0, "NT transact"},
                                          {0xA2, "NT create & X"}};
static const SET smb_set = SET_OF(smb_labels);

static const FIELD smb_fields[] = {
    SUMMARY("SMB message"),
    FIELD("Command", BYTE, 4, 1, LABELS(smb_set)),
    FIELD("SMB Status", DWORD, 5, 4, .little = 1),
    FIELD("Flags", BYTE, 9, 1),
    FIELD("Flags2", WORD, 10, 2, .little = 1),
    FIELD("Tree ID (TID)", WORD, 24, 2, .little = 1),
    FIELD("Process ID (PID)", WORD, 26, 2, .little = 1),
    FIELD("User ID (UID)", WORD, 28, 2, .little = 1),
    FIELD("Multiplex ID (MID)", WORD, 30, 2, .little = 1),
    FIELD("Data", RAW_DATA, 0, 0, BODY),
};

const PROTOCOL protocol_smb = {.name = "SMB",
                               .comment = "Server Message Block, version 1's header",
                               .fields = smb_fields,
                               .field_count = COUNT(smb_fields),
                               .starts = smb_starts,
                               .least = 32};
