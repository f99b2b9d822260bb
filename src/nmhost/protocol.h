/*
 * protocol.h - the protocols that this host knows: tables, and what follows from them.
 *
 * A protocol is one table: how long its header is, which protocol follows, and a row for each
 * property. Names and labels are as Network Monitor's parsers spelled them where public traces show
 * that; the others are ours. Everything here is read-only and takes no lock.
 */
#pragma once

#include <windows.h>

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

/* In the order of the tables; a protocol's ProtocolID is its place plus 1. */
typedef enum PROTO {
    PROTO_ETHERNET,
    PROTO_LLC,
    PROTO_SNAP,
    PROTO_ARP,
    PROTO_IP,
    PROTO_IP6,
    PROTO_ICMP,
    PROTO_ICMP6,
    PROTO_TCP,
    PROTO_UDP,
    PROTO_DNS,
    PROTO_HTTP,
    PROTO_NBT,
    PROTO_SMB,
    PROTOCOLS
} PROTO;

/* Where a row's data lies. */
typedef enum FIELD_PLACE {
    IN_HEADER,   /* `at` bytes behind the protocol's start */
    IN_BODY,     /* `at` bytes behind its header's end */
    IN_OPTION,   /* `at` bytes behind the start of each option of kind `option` */
    IN_NAME,     /* a domain name that starts at `at`; the value is its text */
    BEHIND_NAME, /* `at` bytes behind the end of the protocol's domain name */
    IN_LINE      /* word `at` of the first line, counted from 0; the third is the line's rest */
} FIELD_PLACE;

/* Holds if the masked byte is within the limits, or is not where `outside` is set. A mask of 0:
   always. */
typedef struct FIELD_WHEN {
    BYTE at; /* behind the protocol's start */
    BYTE mask;
    BYTE low;
    BYTE high;
    BYTE outside;
} FIELD_WHEN;

/* One property. */
typedef struct FIELD {
    const char *label;
    const char *comment;
    const SET *set; /* what the qualifier asks for */
    DWORD mask;     /* not 0: the value is (data & mask) >> shift, times scale, beside the data */
    WORD at;
    WORD bytes;     /* 0: all that is left of the header, the body or the option */
    BYTE type;      /* PROP_TYPE_... */
    BYTE qualifier; /* PROP_QUAL_... */
    BYTE deeper;    /* one level below the others */
    BYTE place;     /* FIELD_PLACE */
    BYTE option;
    BYTE shift;
    BYTE scale;  /* 0: 1 */
    BYTE little; /* the data is little-endian; else it is marked as swapped */
    FIELD_WHEN when;
} FIELD;

/* Which protocol follows after a value of the field that says so. */
typedef struct HANDOFF {
    WORD value;
    WORD protocol;
} HANDOFF;

typedef enum HEADER_KIND {
    HEADER_FIXED,    /* `least` bytes */
    HEADER_WORDS,    /* 4 bytes times ((byte at header_at) >> header_shift & 15) */
    HEADER_ETHERNET, /* with VLAN tags */
    HEADER_LLC,
    HEADER_IP6, /* with extension headers */
    HEADER_LINE /* to the end of the first line */
} HEADER_KIND;

typedef enum LIST_KIND {
    LIST_NONE,
    LIST_OPTIONS,   /* kind, length of all of it; 0 ends, 1 stands alone: IP and TCP */
    LIST_NEIGHBOUR, /* kind, length in 8 bytes: ICMPv6's neighbour discovery */
    LIST_EXTENSIONS /* IPv6's extension headers; the kind is the header's number */
} LIST_KIND;

typedef struct PROTOCOL {
    const char *name; /* in capitals */
    const char *comment;
    const FIELD *fields;
    const HANDOFF *next;
    const char *const *starts; /* texts, with one of which it begins; NULL: no matter */
    WORD field_count;
    WORD next_count;
    BYTE least; /* bytes without which it is not recognized */
    BYTE header_kind;
    BYTE header_at;
    BYTE header_shift;
    BYTE length_at;  /* of a word that says where it ends; 0: where the one before it ends */
    BYTE length_add; /* bytes that the word does not count */
    BYTE next_at[2]; /* where the field is by which the next one is found, and another one */
    BYTE next_bytes; /* of that field */
    BYTE list_kind;
    BYTE list_at;
    FIELD_WHEN list_when;
} PROTOCOL;

extern const PROTOCOL *const protocol_tables[PROTOCOLS];
extern const PROTOCOL protocol_ethernet, protocol_llc, protocol_snap, protocol_arp;
extern const PROTOCOL protocol_ip, protocol_ip6, protocol_icmp, protocol_icmp6;
extern const PROTOCOL protocol_tcp, protocol_udp;
extern const PROTOCOL protocol_dns, protocol_http, protocol_nbt, protocol_smb;

/* One protocol's place in a frame. Offsets count from the frame's start. */
typedef struct LAYER {
    WORD protocol;
    WORD offset;
    DWORD body; /* behind its header */
    DWORD end;  /* behind its last byte that the file has */
} LAYER;

enum { MOST_LAYERS = 12 };

/* The protocols of a frame, outermost first. */
typedef struct LAYERS {
    DWORD count;
    LAYER layer[MOST_LAYERS];
} LAYERS;

/* media as in CAPTURE_FRAME: only 1, Ethernet, has protocols. */
void protocol_recognize(const BYTE *data, DWORD bytes, WORD media, LAYERS *layers);

/* The first one; NULL if the frame does not have the protocol. */
const LAYER *protocol_find(const LAYERS *layers, DWORD protocol);

/* In the network's byte order, at any address. */
WORD protocol_word(const BYTE *at);

BOOL protocol_when(const FIELD_WHEN *when, const BYTE *data, const LAYER *layer);

/* One option of a protocol's list. */
typedef struct OPTION {
    DWORD kind;
    DWORD offset;
    DWORD bytes;
    DWORD next;      /* where the one behind it starts */
    DWORD next_kind; /* of LIST_EXTENSIONS: what that is */
} OPTION;

/* Begins with the option for which `first` is set; FALSE at the end of the list. */
BOOL protocol_next_option(const BYTE *data, const LAYER *layer, BOOL first, OPTION *option);

/* Letter case aside; PROTOCOLS if there is none of the name. Some have a second name. */
DWORD protocol_by_name(const char *name);

/* Letter case aside; the protocol's field_count if it has none of the name. */
DWORD protocol_field_by_name(DWORD protocol, const char *label);
