/*
 * netmon.h - types, constants and functions of Network Monitor 2.x's Nmapi.dll, for compilers whose
 * SDK has no <netmon.h>.
 *
 * For C and C++, x86 and x64. Experts, parsers and hosts include it in place of the SDK's header;
 * names, values and layouts are the same. It leaves out what Nmapi.dll does not export: network
 * packet providers and their blobs, the COM interfaces for capturing, and the statically linked
 * helpers. It shares its include guard with the SDK's and mingw-w64's header: whichever comes first
 * serves, the other one is empty.
 *
 * Written from the documentation pages. The layouts are those of the compiled SDK, from which the
 * pages differ in places; tests/headers compares names, values and layouts with mingw-w64's header.
 */
#ifndef __netmon_h__
#define __netmon_h__

#include <windows.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Arrays of no elements and bit-fields smaller than an int are extensions in strict modes. */
#ifdef __GNUC__
#define NETMON_EXTENSION __extension__
#else
#define NETMON_EXTENSION
#endif

#ifdef _MSC_VER
#pragma warning(push)
#pragma warning(disable : 4200 4201 4214)
#endif

/* The SDK packs to the byte on x86, and naturally elsewhere, what is not marked otherwise. */
#ifdef _X86_
#pragma pack(push, 1)
#else
#pragma pack(push, 8)
#endif

#ifndef INLINE
#define INLINE __inline
#endif
#define BHAPI WINAPI

/*
 * Handles and pointers
 */

typedef struct _CAPTURE *HCAPTURE;    /* a capture, in memory or from a file */
typedef struct _CAPFRAMEDESC *HFRAME; /* one frame of a capture */
typedef struct _FILTER *HFILTER;      /* a display filter */
typedef struct _PARSER *HPARSER;      /* a parser DLL */
typedef struct _PROTOCOL *HPROTOCOL;  /* one protocol of a parser */
typedef struct _ADDRESSDB *HADDRESSDB;
typedef DWORD_PTR HPROPERTY; /* one property of a protocol */
typedef HPROTOCOL *LPHPROTOCOL;
typedef HFILTER *LPHFILTER;

typedef LPVOID HEXPERT;        /* an expert that is installed */
typedef LPVOID HEXPERTKEY;     /* the key that an expert hands to each call */
typedef LPVOID HRUNNINGEXPERT; /* an expert under way */
typedef HEXPERT *PHEXPERT;
typedef HEXPERTKEY *PHEXPERTKEY;
typedef HRUNNINGEXPERT *PHRUNNINGEXPERT;

/* Into frame data, where nothing is aligned. */
typedef VOID UNALIGNED *ULPVOID;
typedef BYTE UNALIGNED *ULPBYTE;
typedef WORD UNALIGNED *ULPWORD;
typedef DWORD UNALIGNED *ULPDWORD;
typedef CHAR UNALIGNED *ULPSTR;
typedef LARGE_INTEGER *LPLARGEINT;
typedef LARGE_INTEGER UNALIGNED *ULPLARGEINT;
typedef SYSTEMTIME UNALIGNED *ULPSYSTEMTIME;
typedef SYSTEMTIME *LPTIME;
typedef SYSTEMTIME UNALIGNED *ULPTIME;

typedef DWORD OBJECTTYPE;

/* Four characters, the first in the lowest byte. */
#ifndef MAKE_IDENTIFIER
#define MAKE_IDENTIFIER(a, b, c, d) ((DWORD)MAKELONG(MAKEWORD(a, b), MAKEWORD(c, d)))
#endif
#define HANDLE_TYPE_INVALID MAKE_IDENTIFIER(-1, -1, -1, -1)
#define HANDLE_TYPE_CAPTURE MAKE_IDENTIFIER('C', 'A', 'P', '$')
#define HANDLE_TYPE_PARSER MAKE_IDENTIFIER('P', 'S', 'R', '$')
#define HANDLE_TYPE_ADDRESSDB MAKE_IDENTIFIER('A', 'D', 'R', '$')
#define HANDLE_TYPE_PROTOCOL MAKE_IDENTIFIER('P', 'R', 'T', '$')
#define HANDLE_TYPE_BUFFER MAKE_IDENTIFIER('B', 'U', 'F', '$')

#define MAKE_WORD(l, h) ((WORD)(((WORD)(l)) | (((WORD)(h)) << 8)))
#define MAKE_LONG(l, h) (((DWORD)(l)) | (((DWORD)(h)) << 16))
#define MAKE_SIG(a, b, c, d) MAKE_LONG(MAKE_WORD(a, b), MAKE_WORD(c, d))

/* The other byte order, as a value and in place. */
#define XCHG(x) MAKEWORD(HIBYTE(x), LOBYTE(x))
#define DXCHG(x) MAKELONG(XCHG(HIWORD(x)), XCHG(LOWORD(x)))
#define SWAPBYTES(w) ((w) = XCHG(w))
#define SWAPWORDS(d) ((d) = (DWORD)DXCHG(d))
#define LONIBBLE(b) ((BYTE)((b)&0xf))
#define HINIBBLE(b) ((BYTE)((b) >> 4))

#define GetTableSize(TableBaseSize, nElements, ElementSize)                                        \
    ((TableBaseSize) + ((nElements) * (ElementSize)))

/*
 * Codes
 */

#define NMERR_SUCCESS 0
#define NMERR_MEMORY_MAPPED_FILE_ERROR 1
#define NMERR_INVALID_HFILTER 2
#define NMERR_CAPTURING 3
#define NMERR_NOT_CAPTURING 4
#define NMERR_NO_MORE_FRAMES 5
#define NMERR_BUFFER_TOO_SMALL 6
#define NMERR_FRAME_NOT_RECOGNIZED 7
#define NMERR_FILE_ALREADY_EXISTS 8
#define NMERR_DRIVER_NOT_FOUND 9
#define NMERR_ADDRESS_ALREADY_EXISTS 10
#define NMERR_INVALID_HFRAME 11
#define NMERR_INVALID_HPROTOCOL 12
#define NMERR_INVALID_HPROPERTY 13
#define NMERR_LOCKED 14
#define NMERR_STACK_EMPTY 15
#define NMERR_STACK_OVERFLOW 16
#define NMERR_TOO_MANY_PROTOCOLS 17
#define NMERR_FILE_NOT_FOUND 18
#define NMERR_OUT_OF_MEMORY 19
#define NMERR_CAPTURE_PAUSED 20
#define NMERR_NO_BUFFERS 21
#define NMERR_BUFFERS_ALREADY_EXIST 22
#define NMERR_NOT_LOCKED 23
#define NMERR_OUT_OF_RANGE 24
#define NMERR_LOCK_NESTING_TOO_DEEP 25
#define NMERR_LOAD_PARSER_FAILED 26
#define NMERR_UNLOAD_PARSER_FAILED 27
#define NMERR_INVALID_HADDRESSDB 28
#define NMERR_ADDRESS_NOT_FOUND 29
#define NMERR_NETWORK_NOT_PRESENT 30
#define NMERR_NO_PROPERTY_DATABASE 31
#define NMERR_PROPERTY_NOT_FOUND 32
#define NMERR_INVALID_HPROPERTYDB 33
#define NMERR_PROTOCOL_NOT_ENABLED 34
#define NMERR_PROTOCOL_NOT_FOUND 35
#define NMERR_INVALID_PARSER_DLL 36
#define NMERR_NO_ATTACHED_PROPERTIES 37
#define NMERR_NO_FRAMES 38
#define NMERR_INVALID_FILE_FORMAT 39
#define NMERR_COULD_NOT_CREATE_TEMPFILE 40
#define NMERR_OUT_OF_DOS_MEMORY 41
#define NMERR_NO_PROTOCOLS_ENABLED 42
#define NMERR_UNKNOWN_MACTYPE 46
#define NMERR_ROUTING_INFO_NOT_PRESENT 47
#define NMERR_INVALID_HNETWORK 48
#define NMERR_NETWORK_ALREADY_OPENED 49
#define NMERR_NETWORK_NOT_OPENED 50
#define NMERR_FRAME_NOT_FOUND 51
#define NMERR_NO_HANDLES 53
#define NMERR_INVALID_NETWORK_ID 54
#define NMERR_INVALID_HCAPTURE 55
#define NMERR_PROTOCOL_ALREADY_ENABLED 56
#define NMERR_FILTER_INVALID_EXPRESSION 57
#define NMERR_TRANSMIT_ERROR 58
#define NMERR_INVALID_HBUFFER 59
#define NMERR_INVALID_DATA 60
#define NMERR_MSDOS_DRIVER_NOT_LOADED 61
#define NMERR_WINDOWS_DRIVER_NOT_LOADED 62
#define NMERR_MSDOS_DRIVER_INIT_FAILURE 63
#define NMERR_WINDOWS_DRIVER_INIT_FAILURE 64
#define NMERR_NETWORK_BUSY 65
#define NMERR_CAPTURE_NOT_PAUSED 66
#define NMERR_INVALID_PACKET_LENGTH 67
#define NMERR_INTERNAL_EXCEPTION 69
#define NMERR_PROMISCUOUS_MODE_NOT_SUPPORTED 70
#define NMERR_MAC_DRIVER_OPEN_FAILURE 71
#define NMERR_RUNAWAY_PROTOCOL 72
#define NMERR_PENDING 73
#define NMERR_ACCESS_DENIED 74
#define NMERR_INVALID_HPASSWORD 75
#define NMERR_INVALID_PARAMETER 76
#define NMERR_FILE_READ_ERROR 77
#define NMERR_FILE_WRITE_ERROR 78
#define NMERR_PROTOCOL_NOT_REGISTERED 79
#define NMERR_IP_ADDRESS_NOT_FOUND 80
#define NMERR_TRANSMIT_CANCELLED 81
#define NMERR_LOCKED_FRAMES 82
#define NMERR_NO_TRANSMITS_PENDING 83
#define NMERR_PATH_NOT_FOUND 84
#define NMERR_WINDOWS_ERROR 85
#define NMERR_NO_FRAME_NUMBER 86
#define NMERR_FRAME_HAS_NO_CAPTURE 87
#define NMERR_FRAME_ALREADY_HAS_CAPTURE 88
#define NMERR_NAL_IS_NOT_REMOTE 89
#define NMERR_NOT_SUPPORTED 90
#define NMERR_DISCARD_FRAME 91
#define NMERR_CANCEL_SAVE_CAPTURE 92
#define NMERR_LOST_CONNECTION 93
#define NMERR_INVALID_MEDIA_TYPE 94
#define NMERR_AGENT_IN_USE 95
#define NMERR_TIMEOUT 96
#define NMERR_DISCONNECTED 97
#define NMERR_SETTIMER_FAILED 98
#define NMERR_NETWORK_ERROR 99
#define NMERR_INVALID_FRAMESPROC 100
#define NMERR_UNKNOWN_CAPTURETYPE 101
#define NMERR_NOT_CONNECTED 102
#define NMERR_ALREADY_CONNECTED 103
#define NMERR_INVALID_REGISTRY_CONFIGURATION 104
#define NMERR_DELAYED 105
#define NMERR_NOT_DELAYED 106
#define NMERR_REALTIME 107
#define NMERR_NOT_REALTIME 108
#define NMERR_STATS_ONLY 109
#define NMERR_NOT_STATS_ONLY 110
#define NMERR_TRANSMIT 111
#define NMERR_NOT_TRANSMIT 112
#define NMERR_TRANSMITTING 113
#define NMERR_DISK_NOT_LOCAL_FIXED 114
#define NMERR_COULD_NOT_CREATE_DIRECTORY 115
#define NMERR_NO_DEFAULT_CAPTURE_DIRECTORY 116
#define NMERR_UPLEVEL_CAPTURE_FILE 117
#define NMERR_LOAD_EXPERT_FAILED 118
#define NMERR_EXPERT_REPORT_FAILED 119
#define NMERR_REG_OPERATION_FAILED 120
#define NMERR_NO_DLLS_FOUND 121
#define NMERR_NO_CONVERSATION_STATS 122
#define NMERR_SECURITY_BREACH_CAPTURE_DELETED 123
#define NMERR_FRAME_FAILED_FILTER 124
#define NMERR_EXPERT_TERMINATE 125
#define NMERR_REMOTE_NOT_A_SERVER 126
#define NMERR_REMOTE_VERSION_OUTOFSYNC 127
#define NMERR_INVALID_EXPERT_GROUP 128
#define NMERR_INVALID_EXPERT_NAME 129
#define NMERR_INVALID_EXPERT_HANDLE 130
#define NMERR_GROUP_NAME_ALREADY_EXISTS 131
#define NMERR_INVALID_GROUP_NAME 132
#define NMERR_EXPERT_ALREADY_IN_GROUP 133
#define NMERR_EXPERT_NOT_IN_GROUP 134
#define NMERR_NOT_INITIALIZED 135
#define NMERR_INVALID_GROUP_ROOT 136
#define NMERR_BAD_VERSION 137
#define NMERR_ESP 138
#define NMERR_NOT_ESP 139
#define NMERR_BLOB_NOT_INITIALIZED 1000
#define NMERR_INVALID_BLOB 1001
#define NMERR_UPLEVEL_BLOB 1002
#define NMERR_BLOB_ENTRY_ALREADY_EXISTS 1003
#define NMERR_BLOB_ENTRY_DOES_NOT_EXIST 1004
#define NMERR_AMBIGUOUS_SPECIFIER 1005
#define NMERR_BLOB_OWNER_NOT_FOUND 1006
#define NMERR_BLOB_CATEGORY_NOT_FOUND 1007
#define NMERR_UNKNOWN_CATEGORY 1008
#define NMERR_UNKNOWN_TAG 1009
#define NMERR_BLOB_CONVERSION_ERROR 1010
#define NMERR_ILLEGAL_TRIGGER 1011
#define NMERR_BLOB_STRING_INVALID 1012
#define NMERR_UNABLE_TO_LOAD_LIBRARY 1013
#define NMERR_UNABLE_TO_GET_PROCADDR 1014
#define NMERR_CLASS_NOT_REGISTERED 1015
#define NMERR_INVALID_REMOTE_COMPUTERNAME 1016
#define NMERR_RPC_REMOTE_FAILURE 1017
#define NMERR_NO_NPPS 3016
#define NMERR_NO_MATCHING_NPPS 3017
#define NMERR_NO_NPP_SELECTED 3018
#define NMERR_NO_INPUT_BLOBS 3019
#define NMERR_NO_NPP_DLLS 3020
#define NMERR_NO_VALID_NPP_DLLS 3021

/*
 * Addresses
 */

#define MAC_TYPE_UNKNOWN 0
#define MAC_TYPE_ETHERNET 1
#define MAC_TYPE_TOKENRING 2
#define MAC_TYPE_FDDI 3
#define MAC_TYPE_ATM 4
#define MAC_TYPE_1394 5

/* ADDRESS.Type and ADDRESS2.Type */
#define ADDRESS_TYPE_ETHERNET 0
#define ADDRESS_TYPE_IP 1
#define ADDRESS_TYPE_IPX 2
#define ADDRESS_TYPE_TOKENRING 3
#define ADDRESS_TYPE_FDDI 4
#define ADDRESS_TYPE_XNS 5
#define ADDRESS_TYPE_ANY 6
#define ADDRESS_TYPE_ANY_GROUP 7
#define ADDRESS_TYPE_FIND_HIGHEST 8
#define ADDRESS_TYPE_VINES_IP 9
#define ADDRESS_TYPE_LOCAL_ONLY 10
#define ADDRESS_TYPE_ATM 11
#define ADDRESS_TYPE_1394 12
#define ADDRESS_TYPE_IP6 13

/* ADDRESS.Flags and ADDRESS2.Flags */
#define ADDRESSTYPE_FLAGS_NORMALIZE 0x1
#define ADDRESSTYPE_FLAGS_BIT_REVERSE 0x2

/* ADDRESSPAIR.AddressFlags and ADDRESSPAIR2.AddressFlags */
#define ADDRESS_FLAGS_MATCH_DST 0x1
#define ADDRESS_FLAGS_MATCH_SRC 0x2
#define ADDRESS_FLAGS_EXCLUDE 0x4
#define ADDRESS_FLAGS_DST_GROUP_ADDR 0x8
#define ADDRESS_FLAGS_MATCH_BOTH 0x3

/* Sizes in bytes, names in characters. */
#define MAX_NAME_SIZE 32
#define IP_ADDRESS_SIZE 4
#define MAC_ADDRESS_SIZE 6
#define IP6_ADDRESS_SIZE 16
#define MAX_ADDRESS_SIZE 16
#define MAX_NAME_LENGTH 16
#define MAX_ADDR_LENGTH 6
#define MAX_ADDRESS_PAIRS 8

/* The bits of an address's first byte that are not group, routing or administration bits. */
#define FRAME_MASK_ETHERNET ((BYTE)~0x1)
#define FRAME_MASK_TOKENRING ((BYTE)~0x80)
#define FRAME_MASK_FDDI ((BYTE)~0x1)

#pragma pack(push, 1)

typedef struct _VINES_IP_ADDRESS {
    DWORD NetID;
    WORD SubnetID;
} VINES_IP_ADDRESS;

typedef VINES_IP_ADDRESS *LPVINES_IP_ADDRESS;

typedef struct _IPX_ADDR {
    BYTE Subnet[4];
    BYTE Address[6];
} IPX_ADDR;

typedef IPX_ADDR *LPIPX_ADDR;
typedef IPX_ADDR XNS_ADDRESS;
typedef IPX_ADDR *LPXNS_ADDRESS;

/* The documentation's name, unless <wsnwlink.h> has taken it for a socket option. */
#ifndef IPX_ADDRESS
typedef IPX_ADDR IPX_ADDRESS;
typedef IPX_ADDR *LPIPX_ADDRESS;
#endif

NETMON_EXTENSION typedef struct _ETHERNET_SRC_ADDRESS {
    BYTE RoutingBit : 1;
    BYTE LocalBit : 1;
    BYTE Byte0 : 6;
    BYTE Reserved[5];
} ETHERNET_SRC_ADDRESS;

typedef ETHERNET_SRC_ADDRESS *LPETHERNET_SRC_ADDRESS;
typedef ETHERNET_SRC_ADDRESS FDDI_SRC_ADDRESS;
typedef FDDI_SRC_ADDRESS *LPFDDI_SRC_ADDRESS;

NETMON_EXTENSION typedef struct _ETHERNET_DST_ADDRESS {
    BYTE GroupBit : 1;
    BYTE AdminBit : 1;
    BYTE Byte0 : 6;
    BYTE Reserved[5];
} ETHERNET_DST_ADDRESS;

typedef ETHERNET_DST_ADDRESS *LPETHERNET_DST_ADDRESS;
typedef ETHERNET_DST_ADDRESS FDDI_DST_ADDRESS;
typedef FDDI_DST_ADDRESS *LPFDDI_DST_ADDRESS;

NETMON_EXTENSION typedef struct _TOKENRING_SRC_ADDRESS {
    BYTE Byte0 : 6;
    BYTE LocalBit : 1;
    BYTE RoutingBit : 1;
    BYTE Byte1;
    BYTE Byte2 : 7;
    BYTE Functional : 1;
    BYTE Reserved[3];
} TOKENRING_SRC_ADDRESS;

typedef TOKENRING_SRC_ADDRESS *LPTOKENRING_SRC_ADDRESS;

NETMON_EXTENSION typedef struct _TOKENRING_DST_ADDRESS {
    BYTE Byte0 : 6;
    BYTE AdminBit : 1;
    BYTE GroupBit : 1;
    BYTE Reserved[5];
} TOKENRING_DST_ADDRESS;

typedef TOKENRING_DST_ADDRESS *LPTOKENRING_DST_ADDRESS;

#define VINES_IP_ADDRESS_SIZE (sizeof(VINES_IP_ADDRESS))
#define IPX_ADDR_SIZE (sizeof(IPX_ADDR))
#define IPX_ADDRESS_SIZE IPX_ADDR_SIZE /* the documentation's name for it */

/* An address of any kind; in network byte order. */
typedef struct _ADDRESS2 {
    DWORD Type; /* ADDRESS_TYPE_..., tells which member holds */
    union {
        BYTE MACAddress[MAC_ADDRESS_SIZE];
        BYTE IPAddress[IP_ADDRESS_SIZE];
        BYTE IP6Address[IP6_ADDRESS_SIZE];
        BYTE IPXRawAddress[IPX_ADDR_SIZE];
        IPX_ADDR IPXAddress;
        BYTE VinesIPRawAddress[VINES_IP_ADDRESS_SIZE];
        VINES_IP_ADDRESS VinesIPAddress;
        ETHERNET_SRC_ADDRESS EthernetSrcAddress;
        ETHERNET_DST_ADDRESS EthernetDstAddress;
        TOKENRING_SRC_ADDRESS TokenringSrcAddress;
        TOKENRING_DST_ADDRESS TokenringDstAddress;
        FDDI_SRC_ADDRESS FddiSrcAddress;
        FDDI_DST_ADDRESS FddiDstAddress;
    };
    WORD Flags; /* ADDRESSTYPE_FLAGS_... */
} ADDRESS2;

typedef ADDRESS2 *LPADDRESS2;

/* The same before IPv6. */
typedef struct _ADDRESS {
    DWORD Type; /* ADDRESS_TYPE_..., tells which member holds */
    union {
        BYTE MACAddress[MAC_ADDRESS_SIZE];
        BYTE IPAddress[IP_ADDRESS_SIZE];
        BYTE IPXRawAddress[IPX_ADDR_SIZE];
        IPX_ADDR IPXAddress;
        BYTE VinesIPRawAddress[VINES_IP_ADDRESS_SIZE];
        VINES_IP_ADDRESS VinesIPAddress;
        ETHERNET_SRC_ADDRESS EthernetSrcAddress;
        ETHERNET_DST_ADDRESS EthernetDstAddress;
        TOKENRING_SRC_ADDRESS TokenringSrcAddress;
        TOKENRING_DST_ADDRESS TokenringDstAddress;
        FDDI_SRC_ADDRESS FddiSrcAddress;
        FDDI_DST_ADDRESS FddiDstAddress;
    };
    WORD Flags; /* ADDRESSTYPE_FLAGS_... */
} ADDRESS;

typedef ADDRESS *LPADDRESS;

#pragma pack(pop)

typedef struct _ADDRESSPAIR2 {
    WORD AddressFlags; /* ADDRESS_FLAGS_... */
    WORD NalReserved;
    ADDRESS2 DstAddress;
    ADDRESS2 SrcAddress;
} ADDRESSPAIR2;

typedef ADDRESSPAIR2 *LPADDRESSPAIR2;

typedef struct _ADDRESSTABLE2 {
    DWORD nAddressPairs;       /* how many of AddressPair hold */
    DWORD nNonMacAddressPairs; /* how many of those are not MAC addresses */
    ADDRESSPAIR2 AddressPair[MAX_ADDRESS_PAIRS];
} ADDRESSTABLE2;

typedef ADDRESSTABLE2 *LPADDRESSTABLE2;

typedef struct _ADDRESSINFO2 {
    ADDRESS2 Address;
    WCHAR Name[MAX_NAME_SIZE];
    DWORD Flags; /* PERMANENT_NAME */
    LPVOID lpAddressInstData;
} ADDRESSINFO2;

typedef struct _ADDRESSINFO2 *LPADDRESSINFO2;

NETMON_EXTENSION typedef struct _ADDRESSINFOTABLE2 {
    DWORD nAddressInfos;
    LPADDRESSINFO2 lpAddressInfo[0]; /* nAddressInfos of them */
} ADDRESSINFOTABLE2;

typedef ADDRESSINFOTABLE2 *LPADDRESSINFOTABLE2;

typedef struct _ADDRESSPAIR {
    WORD AddressFlags; /* ADDRESS_FLAGS_... */
    WORD NalReserved;
    ADDRESS DstAddress;
    ADDRESS SrcAddress;
} ADDRESSPAIR;

typedef ADDRESSPAIR *LPADDRESSPAIR;

typedef struct _ADDRESSTABLE {
    DWORD nAddressPairs;       /* how many of AddressPair hold */
    DWORD nNonMacAddressPairs; /* how many of those are not MAC addresses */
    ADDRESSPAIR AddressPair[MAX_ADDRESS_PAIRS];
} ADDRESSTABLE;

typedef ADDRESSTABLE *LPADDRESSTABLE;

typedef struct _ADDRESSINFO {
    ADDRESS Address;
    WCHAR Name[MAX_NAME_SIZE];
    DWORD Flags; /* PERMANENT_NAME */
    LPVOID lpAddressInstData;
} ADDRESSINFO;

typedef struct _ADDRESSINFO *LPADDRESSINFO;

NETMON_EXTENSION typedef struct _ADDRESSINFOTABLE {
    DWORD nAddressInfos;
    LPADDRESSINFO lpAddressInfo[0]; /* nAddressInfos of them */
} ADDRESSINFOTABLE;

typedef ADDRESSINFOTABLE *LPADDRESSINFOTABLE;

#define SORT_BYADDRESS 0
#define SORT_BYNAME 1
#define PERMANENT_NAME 0x100

#define ADDRESS_SIZE sizeof(ADDRESS)
#define ADDRESS2_SIZE sizeof(ADDRESS2)
#define ADDRESSPAIR_SIZE sizeof(ADDRESSPAIR)
#define ADDRESSPAIR2_SIZE sizeof(ADDRESSPAIR2)
#define ADDRESSTABLE_SIZE sizeof(ADDRESSTABLE)
#define ADDRESSTABLE2_SIZE sizeof(ADDRESSTABLE2)
#define ADDRESSINFO_SIZE sizeof(ADDRESSINFO)
#define ADDRESSINFO2_SIZE sizeof(ADDRESSINFO2)
#define ADDRESSINFOTABLE_SIZE sizeof(ADDRESSINFOTABLE)
#define ADDRESSINFOTABLE2_SIZE sizeof(ADDRESSINFOTABLE2)

/*
 * Properties: what parsers find in a frame
 */

/* PROPERTYINFO.DataType */
#define PROP_TYPE_VOID 0
#define PROP_TYPE_SUMMARY 0x1
#define PROP_TYPE_BYTE 0x2
#define PROP_TYPE_WORD 0x3
#define PROP_TYPE_DWORD 0x4
#define PROP_TYPE_LARGEINT 0x5
#define PROP_TYPE_ADDR 0x6
#define PROP_TYPE_TIME 0x7
#define PROP_TYPE_STRING 0x8
#define PROP_TYPE_IP_ADDRESS 0x9
#define PROP_TYPE_IPX_ADDRESS 0xa
#define PROP_TYPE_BYTESWAPPED_WORD 0xb
#define PROP_TYPE_BYTESWAPPED_DWORD 0xc
#define PROP_TYPE_TYPED_STRING 0xd
#define PROP_TYPE_RAW_DATA 0xe
#define PROP_TYPE_COMMENT 0xf
#define PROP_TYPE_SRCFRIENDLYNAME 0x10
#define PROP_TYPE_DSTFRIENDLYNAME 0x11
#define PROP_TYPE_TOKENRING_ADDRESS 0x12
#define PROP_TYPE_FDDI_ADDRESS 0x13
#define PROP_TYPE_ETHERNET_ADDRESS 0x14
#define PROP_TYPE_OBJECT_IDENTIFIER 0x15
#define PROP_TYPE_VINES_IP_ADDRESS 0x16
#define PROP_TYPE_VAR_LEN_SMALL_INT 0x17
#define PROP_TYPE_ATM_ADDRESS 0x18
#define PROP_TYPE_1394_ADDRESS 0x19
#define PROP_TYPE_IP6_ADDRESS 0x1a

/* PROPERTYINFO.DataQualifier, tells which member of the union after it holds */
#define PROP_QUAL_NONE 0
#define PROP_QUAL_RANGE 0x1
#define PROP_QUAL_SET 0x2
#define PROP_QUAL_BITFIELD 0x3
#define PROP_QUAL_LABELED_SET 0x4
#define PROP_QUAL_LABELED_BITFIELD 0x8
#define PROP_QUAL_CONST 0x9
#define PROP_QUAL_FLAGS 0xa
#define PROP_QUAL_ARRAY 0xb

/* PROPERTYINST.IFlags */
#define IFLAG_ERROR 0x1   /* the data is not as the protocol has it */
#define IFLAG_SWAPPED 0x2 /* the data is in the other byte order */
#define IFLAG_UNICODE 0x4 /* the string is of WCHARs */

typedef struct _RANGE {
    DWORD MinValue;
    DWORD MaxValue;
} RANGE;

typedef RANGE *LPRANGE;

typedef struct _LABELED_BYTE {
    BYTE Value;
    LPSTR Label;
} LABELED_BYTE;

typedef LABELED_BYTE *LPLABELED_BYTE;

typedef struct _LABELED_WORD {
    WORD Value;
    LPSTR Label;
} LABELED_WORD;

typedef LABELED_WORD *LPLABELED_WORD;

typedef struct _LABELED_DWORD {
    DWORD Value;
    LPSTR Label;
} LABELED_DWORD;

typedef LABELED_DWORD *LPLABELED_DWORD;

typedef struct _LABELED_LARGEINT {
    LARGE_INTEGER Value;
    LPSTR Label;
} LABELED_LARGEINT;

typedef LABELED_LARGEINT *LPLABELED_LARGEINT;

typedef struct _LABELED_SYSTEMTIME {
    SYSTEMTIME Value;
    LPSTR Label;
} LABELED_SYSTEMTIME;

typedef LABELED_SYSTEMTIME *LPLABELED_SYSTEMTIME;

typedef struct _LABELED_BIT {
    BYTE BitNumber; /* 0 is the lowest */
    LPSTR LabelOff;
    LPSTR LabelOn;
} LABELED_BIT;

typedef LABELED_BIT *LPLABELED_BIT;

/* TYPED_STRING.StringType and fStringEx */
#define TYPED_STRING_NORMAL 1
#define TYPED_STRING_UNICODE 2
#define TYPED_STRING_EXFLAG 1

NETMON_EXTENSION typedef struct _TYPED_STRING {
    BYTE StringType : 7; /* TYPED_STRING_NORMAL or TYPED_STRING_UNICODE */
    BYTE fStringEx : 1;  /* set: the string is in Byte, clear: at lpString */
    LPSTR lpString;
    BYTE Byte[0];
} TYPED_STRING;

typedef TYPED_STRING *LPTYPED_STRING;

typedef struct _OBJECT_IDENTIFIER {
    DWORD Length; /* of lpIdentifier, in DWORDs */
    LPDWORD lpIdentifier;
} OBJECT_IDENTIFIER;

typedef OBJECT_IDENTIFIER *LPOBJECT_IDENTIFIER;

typedef struct _SET {
    DWORD nEntries; /* in the table below */
    union {
        LPVOID lpVoidTable;
        LPBYTE lpByteTable;
        LPWORD lpWordTable;
        LPDWORD lpDwordTable;
        LPLARGEINT lpLargeIntTable;
        LPSYSTEMTIME lpSystemTimeTable;
        LPLABELED_BYTE lpLabeledByteTable;
        LPLABELED_WORD lpLabeledWordTable;
        LPLABELED_DWORD lpLabeledDwordTable;
        LPLABELED_LARGEINT lpLabeledLargeIntTable;
        LPLABELED_SYSTEMTIME lpLabeledSystemTimeTable;
        LPLABELED_BIT lpLabeledBit;
    };
} SET;

typedef SET *LPSET;

NETMON_EXTENSION typedef struct _STRINGTABLE {
    DWORD nStrings;
    LPSTR String[0]; /* nStrings of them */
} STRINGTABLE;

typedef STRINGTABLE *LPSTRINGTABLE;

/* A property as its protocol defines it. */
typedef struct _PROPERTYINFO {
    HPROPERTY hProperty; /* filled in by AddProperty */
    DWORD Version;
    LPSTR Label;        /* the property's name */
    LPSTR Comment;      /* one line for the user */
    BYTE DataType;      /* PROP_TYPE_... */
    BYTE DataQualifier; /* PROP_QUAL_... */
    union {
        LPVOID lpExtendedInfo;
        LPRANGE lpRange;
        LPSET lpSet;
        DWORD Bitmask;
        DWORD Value;
    };
    WORD FormatStringSize; /* the longest text that it formats to, in bytes */
    LPVOID InstanceData;   /* the parser's, commonly its FORMAT function */
} PROPERTYINFO;

typedef PROPERTYINFO *LPPROPERTYINFO;

/* Data that the parser attached beside the frame's. The arrays have no elements of their own, as in
   both SDKs: on x86 this has 13 bytes (24 with mingw-w64's header, which gives each array one). */
NETMON_EXTENSION typedef struct _PROPERTYINSTEX {
    WORD Length;    /* of the frame's data at lpData, in bytes */
    WORD LengthEx;  /* of the attached data below, in bytes */
    ULPVOID lpData; /* the frame's data */
    union {
        BYTE Byte[0];
        WORD Word[0];
        DWORD Dword[0];
        LARGE_INTEGER LargeInt[0];
        SYSTEMTIME SysTime[0];
        TYPED_STRING TypedString;
    };
} PROPERTYINSTEX;

typedef PROPERTYINSTEX *LPPROPERTYINSTEX;
typedef PROPERTYINSTEX UNALIGNED *ULPPROPERTYINSTEX;

/* A property as one frame has it. */
NETMON_EXTENSION typedef struct _PROPERTYINST {
    LPPROPERTYINFO lpPropertyInfo;
    LPSTR szPropertyText; /* the formatted text, NULL before it is made */
    union {
        LPVOID lpData; /* into the frame */
        ULPBYTE lpByte;
        ULPWORD lpWord;
        ULPDWORD lpDword;
        ULPLARGEINT lpLargeInt;
        ULPSYSTEMTIME lpSysTime;
        LPPROPERTYINSTEX lpPropertyInstEx; /* where DataLength is (WORD)-1 */
    };
    WORD DataLength; /* in bytes, (WORD)-1: see lpPropertyInstEx */
    WORD Level : 4;  /* depth of indentation */
    WORD HelpID : 12;
    DWORD IFlags; /* IFLAG_... */
} PROPERTYINST;

typedef PROPERTYINST *LPPROPERTYINST;

typedef struct _PROPERTYINSTTABLE {
    WORD nPropertyInsts;     /* the properties of one protocol in the frame */
    WORD nPropertyInstIndex; /* of the first one, from lpFirstPropertyInst */
} PROPERTYINSTTABLE;

typedef PROPERTYINSTTABLE *LPPROPERTYINSTTABLE;

NETMON_EXTENSION typedef struct _PROPERTYTABLE {
    LPVOID lpFormatBuffer;
    DWORD FormatBufferLength;  /* in bytes */
    DWORD nTotalPropertyInsts; /* at lpFirstPropertyInst */
    LPPROPERTYINST lpFirstPropertyInst;
    BYTE nPropertyInstTables;
    PROPERTYINSTTABLE PropertyInstTable[0]; /* nPropertyInstTables of them */
} PROPERTYTABLE;

typedef PROPERTYTABLE *LPPROPERTYTABLE;

NETMON_EXTENSION typedef struct _PROPERTYDATABASE {
    DWORD nProperties;
    LPPROPERTYINFO PropertyInfo[0]; /* nProperties of them */
} PROPERTYDATABASE;

typedef PROPERTYDATABASE *LPPROPERTYDATABASE;

/* The usual content of PROPERTYINFO.InstanceData. */
typedef VOID(WINAPIV *FORMAT)(LPPROPERTYINST, ...);

#define STRINGTABLE_SIZE sizeof(STRINGTABLE)
#define PROPERTYINFO_SIZE (sizeof(PROPERTYINFO))
#define PROPERTYINSTEX_SIZE sizeof(PROPERTYINSTEX)
#define PROPERTYINST_SIZE sizeof(PROPERTYINST)
#define PROPERTYINSTTABLE_SIZE (sizeof(PROPERTYINSTTABLE))
#define PROPERTYTABLE_SIZE sizeof(PROPERTYTABLE)
#define PROPERTYDATABASE_SIZE sizeof(PROPERTYDATABASE)

/*
 * Protocols
 */

/* The fourth DWORD pointer of RecognizeFrame */
#define PROTOCOL_STATUS_RECOGNIZED 0
#define PROTOCOL_STATUS_NOT_RECOGNIZED 1
#define PROTOCOL_STATUS_CLAIMED 2
#define PROTOCOL_STATUS_NEXT_PROTOCOL 3

#define PROTOCOL_NUM_ANY (-1)

/* What a parser hands to CreateProtocol. */
typedef VOID(WINAPI *REGISTER)(HPROTOCOL);
typedef VOID(WINAPI *DEREGISTER)(HPROTOCOL);
typedef LPBYTE(WINAPI *RECOGNIZEFRAME)(HFRAME, ULPBYTE, ULPBYTE, DWORD, DWORD, HPROTOCOL, DWORD,
                                       LPDWORD, LPHPROTOCOL, PDWORD_PTR);
typedef LPBYTE(WINAPI *ATTACHPROPERTIES)(HFRAME, ULPBYTE, ULPBYTE, DWORD, DWORD, HPROTOCOL, DWORD,
                                         DWORD_PTR);
typedef DWORD(WINAPI *FORMATPROPERTIES)(HFRAME, ULPBYTE, ULPBYTE, DWORD, LPPROPERTYINST);

typedef struct _ENTRYPOINTS {
    REGISTER Register;
    DEREGISTER Deregister;
    RECOGNIZEFRAME RecognizeFrame;
    ATTACHPROPERTIES AttachProperties;
    FORMATPROPERTIES FormatProperties;
} ENTRYPOINTS;

typedef ENTRYPOINTS *LPENTRYPOINTS;

typedef struct _PROTOCOLINFO {
    DWORD ProtocolID;
    LPPROPERTYDATABASE PropertyDatabase;
    BYTE ProtocolName[16];
    BYTE HelpFile[16];
    BYTE Comment[128];
} PROTOCOLINFO;

typedef PROTOCOLINFO *LPPROTOCOLINFO;

typedef struct _PROTOCOLTABLE {
    DWORD nProtocols;
    HPROTOCOL hProtocol[1]; /* nProtocols of them */
} PROTOCOLTABLE;

typedef PROTOCOLTABLE *LPPROTOCOLTABLE;
typedef PROTOCOLTABLE PROTOCOLTABLETYPE;
typedef PROTOCOLTABLETYPE *LPPROTOCOLTABLETYPE;

/* One protocol's place in a frame. */
typedef struct _RECOGNIZEDATA {
    WORD ProtocolID;
    WORD nProtocolOffset; /* from the frame's start, in bytes */
    LPVOID InstData;      /* from the protocol before it */
} RECOGNIZEDATA;

typedef RECOGNIZEDATA *LPRECOGNIZEDATA;

NETMON_EXTENSION typedef struct _RECOGNIZEDATATABLE {
    WORD nRecognizeDatas;
    RECOGNIZEDATA RecognizeData[0]; /* nRecognizeDatas of them, outermost first */
} RECOGNIZEDATATABLE;

typedef RECOGNIZEDATATABLE *LPRECOGNIZEDATATABLE;

#define ENTRYPOINTS_SIZE sizeof(ENTRYPOINTS)
#define PROTOCOLINFO_SIZE sizeof(PROTOCOLINFO)
#define PROTOCOLTABLE_SIZE (sizeof(PROTOCOLTABLE) - sizeof(HPROTOCOL))
#define PROTOCOLTABLE_ACTUAL_SIZE(p)                                                               \
    GetTableSize(PROTOCOLTABLE_SIZE, (p)->nProtocols, sizeof(HPROTOCOL))

/* Names for GetProtocolFromName and its like. */
#define PROTOCOL_STRING_ETHERNET_TXT "ETHERNET"
#define PROTOCOL_STRING_TOKENRING_TXT "TOKENRING"
#define PROTOCOL_STRING_FDDI_TXT "FDDI"
#define PROTOCOL_STRING_ATM_TXT "ATM"
#define PROTOCOL_STRING_1394_TXT "IP/1394"
#define PROTOCOL_STRING_IP_TXT "IP"
#define PROTOCOL_STRING_IP6_TXT "IP6"
#define PROTOCOL_STRING_IPX_TXT "IPX"
#define PROTOCOL_STRING_XNS_TXT "XNS"
#define PROTOCOL_STRING_VINES_IP_TXT "VINES IP"
#define PROTOCOL_STRING_ICMP_TXT "ICMP"
#define PROTOCOL_STRING_TCP_TXT "TCP"
#define PROTOCOL_STRING_UDP_TXT "UDP"
#define PROTOCOL_STRING_SPX_TXT "SPX"
#define PROTOCOL_STRING_NCP_TXT "NCP"
#define PROTOCOL_STRING_ANY_TXT "ANY"
#define PROTOCOL_STRING_ANY_GROUP_TXT "ANY GROUP"
#define PROTOCOL_STRING_HIGHEST_TXT "HIGHEST"
#define PROTOCOL_STRING_LOCAL_ONLY_TXT "LOCAL ONLY"
#define PROTOCOL_STRING_UNKNOWN_TXT "UNKNOWN"
#define PROTOCOL_STRING_DATA_TXT "DATA"
#define PROTOCOL_STRING_FRAME_TXT "FRAME"
#define PROTOCOL_STRING_NONE_TXT "NONE"
#define PROTOCOL_STRING_EFFECTIVE_TXT "EFFECTIVE"

/*
 * Parsers: hand-off tables, and what a parser DLL tells of itself
 */

#define HOT_SIGNATURE MAKE_IDENTIFIER('H', 'O', 'T', '$')
#define HOE_SIGNATURE MAKE_IDENTIFIER('H', 'O', 'E', '$')

typedef struct _HANDOFFENTRY {
    DWORD hoe_sig;             /* HOE_SIGNATURE */
    DWORD hoe_ProtIdentNumber; /* the port or the like that leads to the protocol */
    HPROTOCOL hoe_ProtocolHandle;
    DWORD hoe_ProtocolData;
} HANDOFFENTRY;

typedef HANDOFFENTRY *LPHANDOFFENTRY;

typedef struct _HANDOFFTABLE {
    DWORD hot_sig; /* HOT_SIGNATURE */
    DWORD hot_NumEntries;
    LPHANDOFFENTRY hot_Entries;
} HANDOFFTABLE;

typedef struct _HANDOFFTABLE *LPHANDOFFTABLE;

#define INI_PATH_LENGTH 256
#define MAX_HANDOFF_ENTRY_LENGTH 80
#define MAX_PROTOCOL_NAME 40
#define NUMALLOCENTRIES 10
#define RAW_INI_STR_LEN 200
#define PARSERS_SUBDIR "PARSERS"
#define INI_EXTENSION "INI"
#define BASE10_FORMAT_STR "%ld=%s %ld"
#define BASE16_FORMAT_STR "%lx=%s %lx"

#define MAX_PROTOCOL_COMMENT_LEN 256
#define NETMON_MAX_PROTOCOL_NAME_LEN 16
/* Another header of Windows has one of its own: then the SDK leaves neither. */
#ifndef MAX_PROTOCOL_NAME_LEN
#define MAX_PROTOCOL_NAME_LEN NETMON_MAX_PROTOCOL_NAME_LEN
#else
#undef MAX_PROTOCOL_NAME_LEN
#endif

typedef enum PF_HANDOFFVALUEFORMATBASE {
    HANDOFF_VALUE_FORMAT_BASE_UNKNOWN = 0,
    HANDOFF_VALUE_FORMAT_BASE_DECIMAL = 10,
    HANDOFF_VALUE_FORMAT_BASE_HEX = 16
} PF_HANDOFFVALUEFORMATBASE;

typedef struct _PF_HANDOFFENTRY {
    char szIniFile[MAX_PATH];
    char szIniSection[MAX_PATH];
    char szProtocol[NETMON_MAX_PROTOCOL_NAME_LEN];
    DWORD dwHandOffValue;
    PF_HANDOFFVALUEFORMATBASE ValueFormatBase;
} PF_HANDOFFENTRY;

typedef PF_HANDOFFENTRY *PPF_HANDOFFENTRY;

NETMON_EXTENSION typedef struct _PF_HANDOFFSET {
    DWORD nEntries;
    PF_HANDOFFENTRY Entry[0]; /* nEntries of them */
} PF_HANDOFFSET;

typedef PF_HANDOFFSET *PPF_HANDOFFSET;

typedef struct _PF_FOLLOWENTRY {
    char szProtocol[NETMON_MAX_PROTOCOL_NAME_LEN];
} PF_FOLLOWENTRY;

typedef PF_FOLLOWENTRY *PPF_FOLLOWENTRY;

NETMON_EXTENSION typedef struct _PF_FOLLOWSET {
    DWORD nEntries;
    PF_FOLLOWENTRY Entry[0]; /* nEntries of them */
} PF_FOLLOWSET;

typedef PF_FOLLOWSET *PPF_FOLLOWSET;

typedef struct _PF_PARSERINFO {
    char szProtocolName[NETMON_MAX_PROTOCOL_NAME_LEN];
    char szComment[MAX_PROTOCOL_COMMENT_LEN];
    char szHelpFile[MAX_PATH];
    PPF_FOLLOWSET pWhoCanPrecedeMe;
    PPF_FOLLOWSET pWhoCanFollowMe;
    PPF_HANDOFFSET pWhoHandsOffToMe;
    PPF_HANDOFFSET pWhoDoIHandOffTo;
} PF_PARSERINFO;

typedef PF_PARSERINFO *PPF_PARSERINFO;

NETMON_EXTENSION typedef struct _PF_PARSERDLLINFO {
    DWORD nParsers;
    PF_PARSERINFO ParserInfo[0]; /* nParsers of them */
} PF_PARSERDLLINFO;

typedef PF_PARSERDLLINFO *PPF_PARSERDLLINFO;

/*
 * Filters: expressions in postfix order, one object an operand or operator
 */

typedef DWORD FILTERACTIONTYPE; /* FILTERACTION_... */
typedef DWORD VALUETYPE;
typedef DWORD FILTERBITS;
typedef FILTERBITS *LPFILTERBITS;

#define FILTERACTION_INVALID 0
#define FILTERACTION_PROPERTY 1
#define FILTERACTION_VALUE 2
#define FILTERACTION_STRING 3
#define FILTERACTION_ARRAY 4
#define FILTERACTION_AND 5
#define FILTERACTION_OR 6
#define FILTERACTION_XOR 7
#define FILTERACTION_PROPERTYEXIST 8
#define FILTERACTION_CONTAINSNC 9
#define FILTERACTION_CONTAINS 10
#define FILTERACTION_NOT 11
#define FILTERACTION_EQUALNC 12
#define FILTERACTION_EQUAL 13
#define FILTERACTION_NOTEQUALNC 14
#define FILTERACTION_NOTEQUAL 15
#define FILTERACTION_GREATERNC 16
#define FILTERACTION_GREATER 17
#define FILTERACTION_LESSNC 18
#define FILTERACTION_LESS 19
#define FILTERACTION_GREATEREQUALNC 20
#define FILTERACTION_GREATEREQUAL 21
#define FILTERACTION_LESSEQUALNC 22
#define FILTERACTION_LESSEQUAL 23
#define FILTERACTION_PLUS 24
#define FILTERACTION_MINUS 25
#define FILTERACTION_ADDRESS 26
#define FILTERACTION_ADDRESSANY 27
#define FILTERACTION_FROM 28
#define FILTERACTION_TO 29
#define FILTERACTION_FROMTO 30
#define FILTERACTION_AREBITSON 31
#define FILTERACTION_AREBITSOFF 32
#define FILTERACTION_PROTOCOLSEXIST 33
#define FILTERACTION_PROTOCOLEXIST 34
#define FILTERACTION_ARRAYEQUAL 35
#define FILTERACTION_DEREFPROPERTY 36
#define FILTERACTION_LARGEINT 37
#define FILTERACTION_TIME 38
#define FILTERACTION_ADDR_ETHER 39
#define FILTERACTION_ADDR_TOKEN 40
#define FILTERACTION_ADDR_FDDI 41
#define FILTERACTION_ADDR_IPX 42
#define FILTERACTION_ADDR_IP 43
#define FILTERACTION_OID 44
#define FILTERACTION_OID_CONTAINS 45
#define FILTERACTION_OID_BEGINS_WITH 46
#define FILTERACTION_OID_ENDS_WITH 47
#define FILTERACTION_ADDR_VINES 48
#define FILTERACTION_ADDR_IP6 49
#define FILTERACTION_EXPRESSION 97
#define FILTERACTION_BOOL 98
#define FILTERACTION_NOEVAL 99

typedef struct _FILTEROBJECT2 {
    FILTERACTIONTYPE Action; /* tells which member holds */
    HPROPERTY hProperty;
    union {
        VALUETYPE Value;
        HPROTOCOL hProtocol;
        LPVOID lpArray;
        LPPROTOCOLTABLETYPE lpProtocolTable;
        LPADDRESS2 lpAddress;
        ULPLARGEINT lpLargeInt;
        ULPTIME lpTime;
        LPOBJECT_IDENTIFIER lpOID;
    };
    union {
        WORD ByteCount;  /* of lpArray */
        WORD ByteOffset; /* into the property's data */
    };
    struct _FILTEROBJECT2 *pNext;
} FILTEROBJECT2;

typedef FILTEROBJECT2 *LPFILTEROBJECT2;

typedef struct _FILTERDESC2 {
    WORD NumEntries;
    WORD Flags;
    LPFILTEROBJECT2 lpStack;
    LPFILTEROBJECT2 lpKeepLast;
    LPVOID UIInstanceData;
    LPFILTERBITS lpFilterBits;
    LPFILTERBITS lpCheckBits;
} FILTERDESC2;

typedef FILTERDESC2 *LPFILTERDESC2;

/* The same before IPv6. */
typedef struct _FILTEROBJECT {
    FILTERACTIONTYPE Action; /* tells which member holds */
    HPROPERTY hProperty;
    union {
        VALUETYPE Value;
        HPROTOCOL hProtocol;
        LPVOID lpArray;
        LPPROTOCOLTABLETYPE lpProtocolTable;
        LPADDRESS lpAddress;
        ULPLARGEINT lpLargeInt;
        ULPTIME lpTime;
        LPOBJECT_IDENTIFIER lpOID;
    };
    union {
        WORD ByteCount;  /* of lpArray */
        WORD ByteOffset; /* into the property's data */
    };
    struct _FILTEROBJECT *pNext;
} FILTEROBJECT;

typedef FILTEROBJECT *LPFILTEROBJECT;

typedef struct _FILTERDESC {
    WORD NumEntries;
    WORD Flags;
    LPFILTEROBJECT lpStack;
    LPFILTEROBJECT lpKeepLast;
    LPVOID UIInstanceData;
    LPFILTERBITS lpFilterBits;
    LPFILTERBITS lpCheckBits;
} FILTERDESC;

typedef FILTERDESC *LPFILTERDESC;

typedef DWORD(WINAPI *FILTERPROC)(HCAPTURE, HFRAME, LPVOID);

/* Called by FilterFindFrame every TimeDelta; TRUE ends the search. */
typedef BOOL(WINAPI *STATUSPROC)(DWORD, HCAPTURE, HFILTER, LPVOID);

#define FILTERINFO_SIZE (sizeof(FILTEROBJECT2))
#define FILTERDESC_SIZE sizeof(FILTERDESC)
#define FILTERDESC2_SIZE sizeof(FILTERDESC2)
#define FILTERFREEPOOLSTART 20
#define INVALIDELEMENT (-1)
#define INVALIDVALUE ((VALUETYPE)-9999)

/* FilterFrame */
#define FILTER_FAIL_WITH_ERROR (-1)
#define FILTER_PASSED TRUE
#define FILTER_FAILED FALSE

/* FilterFindFrame */
#define FILTER_NO_MORE_FRAMES 0xffffffff
#define FILTER_CANCELED 0xfffffffe
#define FILTER_DIRECTION_NEXT TRUE
#define FILTER_DIRECTION_PREV FALSE

#define FilterGetUIInstanceData(hfilt) (((LPFILTERDESC2)(hfilt))->UIInstanceData)
#define FilterSetUIInstanceData(hfilt, inst)                                                       \
    (((LPFILTERDESC2)(hfilt))->UIInstanceData = (LPVOID)(inst))

/*
 * Captures and frames
 */

typedef struct _FRAME {
    __int64 TimeStamp; /* since the capture's start, in microseconds */
    DWORD FrameLength; /* on the wire, in bytes */
    DWORD nBytesAvail; /* of those, in MacFrame */
    BYTE MacFrame[1];
} FRAME;

typedef FRAME *LPFRAME;
typedef FRAME UNALIGNED *ULPFRAME;

#define FRAME_SIZE (sizeof(FRAME))
#define INVALID_FRAME_NUMBER ((DWORD)-1)
#define CAPTUREFILE_OPEN OPEN_EXISTING
#define CAPTUREFILE_CREATE CREATE_NEW

/*
 * Experts
 */

#define EXPERTSTRINGLENGTH MAX_PATH
#define EXPERTGROUPNAMELENGTH 25

/* EXPERTENUMINFO.Flags */
#define EXPERT_ENUM_FLAG_CONFIGURABLE 0x1 /* has a Configure to call */
#define EXPERT_ENUM_FLAG_VIEWER_PRIVATE 0x2
#define EXPERT_ENUM_FLAG_NO_VIEWER 0x4
#define EXPERT_ENUM_FLAG_ADD_ME_TO_RMC_IN_SUMMARY 0x10 /* in the summary pane's context menu */
#define EXPERT_ENUM_FLAG_ADD_ME_TO_RMC_IN_DETAIL 0x20  /* in the detail pane's context menu */

/* EXPERTSTARTUPINFO.Flags */
#define EXPERT_STARTUP_FLAG_USE_STARTUP_DATA_OVER_CONFIG_DATA 0x1

/* ExpertGetFrame: Direction */
#define GET_SPECIFIED_FRAME 0
#define GET_FRAME_NEXT_FORWARD 1
#define GET_FRAME_NEXT_BACKWARD 2

/* ExpertGetFrame: RequestFlags */
#define FLAGS_DEFER_TO_UI_FILTER 0x1 /* apply the user's display filter first */
#define FLAGS_ATTACH_PROPERTIES 0x2  /* fill in lpPropertyTable */

/* ExpertIndicateStatus: Status */
typedef enum EXPERTSTATUSENUMERATION {
    EXPERTSTATUS_INACTIVE = 0,
    EXPERTSTATUS_STARTING,
    EXPERTSTATUS_RUNNING,
    EXPERTSTATUS_PROBLEM,
    EXPERTSTATUS_ABORTED,
    EXPERTSTATUS_DONE
} EXPERTSTATUSENUMERATION;

/* ExpertIndicateStatus: SubStatus */
#define EXPERTSUBSTATUS_ABORTED_USER 0x1
#define EXPERTSUBSTATUS_ABORTED_LOAD_FAIL 0x2
#define EXPERTSUBSTATUS_ABORTED_THREAD_FAIL 0x4
#define EXPERTSUBSTATUS_ABORTED_BAD_ENTRY 0x8

typedef struct _EXPERTENUMINFO *PEXPERTENUMINFO;
typedef struct _EXPERTCONFIG *PEXPERTCONFIG;
typedef struct _EXPERTSTARTUPINFO *PEXPERTSTARTUPINFO;

/* What an expert DLL exports, by these names and WINAPI; on x86 without decoration. */
#define EXPERTENTRY_REGISTER "Register"
#define EXPERTENTRY_CONFIGURE "Configure"
#define EXPERTENTRY_RUN "Run"

typedef BOOL(WINAPI *PEXPERTREGISTERPROC)(PEXPERTENUMINFO);
typedef BOOL(WINAPI *PEXPERTCONFIGPROC)(HEXPERTKEY, PEXPERTCONFIG *, PEXPERTSTARTUPINFO, DWORD,
                                        HWND);
typedef BOOL(WINAPI *PEXPERTRUNPROC)(HEXPERTKEY, PEXPERTCONFIG, PEXPERTSTARTUPINFO, DWORD, HWND);

/* Register fills in the first five; the rest is the host's. */
typedef struct _EXPERTENUMINFO {
    char szName[EXPERTSTRINGLENGTH];
    char szVendor[EXPERTSTRINGLENGTH];
    char szDescription[EXPERTSTRINGLENGTH];
    DWORD Version; /* 0 */
    DWORD Flags;   /* EXPERT_ENUM_FLAG_... */
    char szDllName[MAX_PATH];
    HEXPERT hExpert;
    HINSTANCE hModule;
    PEXPERTREGISTERPROC pRegisterProc;
    PEXPERTCONFIGPROC pConfigProc;
    PEXPERTRUNPROC pRunProc;
} EXPERTENUMINFO;

/* What the expert is to look at. */
typedef struct _EXPERTSTARTUPINFO {
    DWORD Flags; /* EXPERT_STARTUP_FLAG_... */
    HCAPTURE hCapture;
    char szCaptureFile[MAX_PATH];
    DWORD dwFrameNumber; /* the frame that is selected, from here on */
    HPROTOCOL hProtocol;
    LPPROPERTYINST lpPropertyInst;
    struct {
        BYTE BitNumber; /* within lpPropertyInst */
        BOOL bOn;
    } sBitfield;
} EXPERTSTARTUPINFO;

/* Configure allocates it with ExpertAllocMemory, Run gets it. */
NETMON_EXTENSION typedef struct _EXPERTCONFIG {
    DWORD RawConfigLength; /* of RawConfigData, in bytes */
    BYTE RawConfigData[0]; /* the expert's own */
} EXPERTCONFIG;

typedef struct _CONFIGUREDEXPERT {
    HEXPERT hExpert;
    DWORD StartupFlags;
    PEXPERTCONFIG pConfig;
} CONFIGUREDEXPERT;

typedef CONFIGUREDEXPERT *PCONFIGUREDEXPERT;

/* What ExpertGetFrame fills in; the memory is the expert's. */
typedef struct _EXPERTFRAMEDESCRIPTOR {
    DWORD FrameNumber;
    HFRAME hFrame;
    ULPFRAME pFrame;
    LPRECOGNIZEDATATABLE lpRecognizeDataTable;
    LPPROPERTYTABLE lpPropertyTable; /* NULL without FLAGS_ATTACH_PROPERTIES */
} EXPERTFRAMEDESCRIPTOR;

typedef EXPERTFRAMEDESCRIPTOR *LPEXPERTFRAMEDESCRIPTOR;

typedef struct _EXPERTSTATUS {
    EXPERTSTATUSENUMERATION Status;
    DWORD SubStatus;   /* EXPERTSUBSTATUS_... */
    DWORD PercentDone; /* 0 to 100 */
    DWORD Frame;
    char szStatusText[MAX_PATH];
} EXPERTSTATUS;

typedef EXPERTSTATUS *PEXPERTSTATUS;

/*
 * Events: an expert's findings, rows of a table
 */

/* NMEVENTDATA.Flags */
#define NMEVENTFLAG_EXPERT 0x1 /* the event is an expert's */
#define EVENT_FLAG_EXPERT 0x1  /* the same in the documentation */
#define NMEVENTFLAG_DO_NOT_DISPLAY_SEVERITY 0x80000000
#define NMEVENTFLAG_DO_NOT_DISPLAY_SOURCE 0x40000000
#define NMEVENTFLAG_DO_NOT_DISPLAY_EVENT_NAME 0x20000000
#define NMEVENTFLAG_DO_NOT_DISPLAY_DESCRIPTION 0x10000000
#define NMEVENTFLAG_DO_NOT_DISPLAY_MACHINE 0x8000000
#define NMEVENTFLAG_DO_NOT_DISPLAY_TIME 0x4000000
#define NMEVENTFLAG_DO_NOT_DISPLAY_DATE 0x2000000
#define NMEVENTFLAG_DO_NOT_DISPLAY_FIXED_COLUMNS 0xfe000000 /* all of them */

/* NMEVENTDATA.Severity */
enum _NMEVENT_SEVERITIES {
    NMEVENT_SEVERITY_INFORMATIONAL = 0,
    NMEVENT_SEVERITY_WARNING,
    NMEVENT_SEVERITY_STRONG_WARNING,
    NMEVENT_SEVERITY_ERROR,
    NMEVENT_SEVERITY_SEVERE_ERROR,
    NMEVENT_SEVERITY_CRITICAL_ERROR
};

/* NMCOLUMNVARIANT.Type */
typedef enum NMCOLUMNTYPE {
    NMCOLUMNTYPE_UINT8 = 0,
    NMCOLUMNTYPE_SINT8,
    NMCOLUMNTYPE_UINT16,
    NMCOLUMNTYPE_SINT16,
    NMCOLUMNTYPE_UINT32,
    NMCOLUMNTYPE_SINT32,
    NMCOLUMNTYPE_FLOAT64,
    NMCOLUMNTYPE_FRAME,
    NMCOLUMNTYPE_YESNO,
    NMCOLUMNTYPE_ONOFF,
    NMCOLUMNTYPE_TRUEFALSE,
    NMCOLUMNTYPE_MACADDR,
    NMCOLUMNTYPE_IPXADDR,
    NMCOLUMNTYPE_IPADDR,
    NMCOLUMNTYPE_VARTIME,
    NMCOLUMNTYPE_STRING
} NMCOLUMNTYPE;

/* Natural alignment on x86 too. */
#pragma pack(push, 8)

typedef struct _NMCOLUMNVARIANT {
    NMCOLUMNTYPE Type; /* tells which member holds */
    union {
        BYTE Uint8Val;
        char Sint8Val;
        WORD Uint16Val;
        short Sint16Val;
        DWORD Uint32Val;
        LONG Sint32Val;
        double Float64Val;
        DWORD FrameVal; /* a frame number */
        BOOL YesNoVal;
        BOOL OnOffVal;
        BOOL TrueFalseVal;
        BYTE MACAddrVal[6];
        IPX_ADDR IPXAddrVal;
        DWORD IPAddrVal;
        double VarTimeVal; /* an OLE date */
        LPCSTR pStringVal;
    } Value;
} NMCOLUMNVARIANT;

typedef struct _NMCOLUMNINFO {
    LPSTR szColumnName;
    NMCOLUMNVARIANT VariantData;
} NMCOLUMNINFO;

typedef NMCOLUMNINFO *PNMCOLUMNINFO;

typedef LPSTR JTYPE;

/* What ExpertSubmitEvent takes: one allocation, the columns at its end.
   The SDK of 2001 packed these three structures to the byte on x86: an expert that was compiled
   with it hands over an event whose columns begin at byte 58 and take 18 bytes each, not 64 and 32.
   No member says which it is, but read by this layout such an event is implausible: the number of
   its columns stands in the second byte of Severity, and the upper half of a text's address is the
   lower half of a pointer. Only one without columns and text can't be told from an empty one of
   today's. */
NETMON_EXTENSION typedef struct _NMEVENTDATA {
    LPSTR pszReserved; /* NULL */
    BYTE Version;      /* 0 */
    DWORD EventIdent;  /* tells the expert's events apart */
    DWORD Flags;       /* NMEVENTFLAG_... */
    DWORD Severity;    /* NMEVENT_SEVERITY_... */
    BYTE NumColumns;   /* in Column */
    LPSTR szSourceName;
    LPSTR szEventName;
    LPSTR szDescription;
    LPSTR szMachine;
    JTYPE Justification; /* a page of help on the event */
    union {
        PVOID pvReserved; /* NULL */
        LPSTR szUrl;      /* the documentation's name for it */
    };
    SYSTEMTIME SysTime;
    NMCOLUMNINFO Column[0]; /* NumColumns of them */
} NMEVENTDATA;

typedef NMEVENTDATA *PNMEVENTDATA;

#pragma pack(pop)

/*
 * Statistics
 */

typedef struct _STATISTICS {
    __int64 TimeElapsed; /* in microseconds */
    DWORD TotalFramesCaptured;
    DWORD TotalBytesCaptured;
    DWORD TotalFramesFiltered;
    DWORD TotalBytesFiltered;
    DWORD TotalMulticastsFiltered;
    DWORD TotalBroadcastsFiltered;
    DWORD TotalFramesSeen;
    DWORD TotalBytesSeen;
    DWORD TotalMulticastsReceived;
    DWORD TotalBroadcastsReceived;
    DWORD TotalFramesDropped;
    DWORD TotalFramesDroppedFromBuffer;
    DWORD MacFramesReceived;
    DWORD MacCRCErrors;
    __int64 MacBytesReceivedEx;
    DWORD MacFramesDropped_NoBuffers;
    DWORD MacMulticastsReceived;
    DWORD MacBroadcastsReceived;
    DWORD MacFramesDropped_HwError;
} STATISTICS;

typedef STATISTICS *LPSTATISTICS;

/* STATIONSTATS.Flags and SESSIONSTATS.Flags */
#define STATIONSTATS_FLAGS_INITIALIZED 0x1
#define STATIONSTATS_FLAGS_EVENTPOSTED 0x2
#define STATIONSTATS_POOL_SIZE 100
#define SESSION_FLAGS_INITIALIZED 0x1
#define SESSION_FLAGS_EVENTPOSTED 0x2
#define SESSION_POOL_SIZE 100
#define MAX_SESSIONS 100
#define MAX_STATIONS 100

typedef struct _STATIONSTATS {
    DWORD NextStationStats;
    DWORD SessionPartnerList;
    DWORD Flags; /* STATIONSTATS_FLAGS_... */
    BYTE StationAddress[6];
    WORD Pad;
    DWORD TotalPacketsReceived;
    DWORD TotalDirectedPacketsSent;
    DWORD TotalBroadcastPacketsSent;
    DWORD TotalMulticastPacketsSent;
    DWORD TotalBytesReceived;
    DWORD TotalBytesSent;
} STATIONSTATS;

typedef STATIONSTATS *LPSTATIONSTATS;

typedef struct _SESSIONSTATS {
    DWORD NextSession;
    DWORD StationOwner;
    DWORD StationPartner;
    DWORD Flags; /* SESSION_FLAGS_... */
    DWORD TotalPacketsSent;
} SESSIONSTATS;

typedef SESSIONSTATS *LPSESSIONSTATS;

typedef struct _STATISTICSPARAM {
    DWORD StatisticsSize; /* in bytes */
    STATISTICS Statistics;
    DWORD StatisticsTableEntries; /* how many of StatisticsTable hold */
    STATIONSTATS StatisticsTable[MAX_STATIONS];
    DWORD SessionTableEntries; /* how many of SessionTable hold */
    SESSIONSTATS SessionTable[MAX_SESSIONS];
} STATISTICSPARAM;

typedef STATISTICSPARAM *LPSTATISTICSPARAM;

#define STATISTICS_SIZE (sizeof(STATISTICS))
#define STATIONSTATS_SIZE (sizeof(STATIONSTATS))
#define SESSIONSTATS_SIZE (sizeof(SESSIONSTATS))
#define STATISTICSPARAM_SIZE (sizeof(STATISTICSPARAM))

/*
 * Capture files
 */

/* NETWORKINFO.Flags */
#define NETWORKINFO_FLAGS_PMODE_NOT_SUPPORTED 0x1
#define NETWORKINFO_FLAGS_REMOTE_NAL 0x4
#define NETWORKINFO_FLAGS_REMOTE_NAL_CONNECTED 0x8
#define NETWORKINFO_FLAGS_REMOTE_CARD 0x10
#define NETWORKINFO_FLAGS_RAS 0x20
#define NETWORKINFO_RESERVED_FIELD_SIZE (FIELD_OFFSET(ADDRESS2, IPXAddress) + sizeof(IPX_ADDR))
#define ADAPTER_COMMENT_LENGTH 32

NETMON_EXTENSION typedef struct _NETWORKINFO {
    BYTE PermanentAddr[6];
    BYTE CurrentAddr[6];
    union {
        struct {
            BYTE Reserved[NETWORKINFO_RESERVED_FIELD_SIZE];
            DWORD LinkSpeed; /* in bits a second */
        };
        ADDRESS OtherAddress; /* the documentation's; it ends before Flags, where LinkSpeed is */
    };
    DWORD MacType; /* MAC_TYPE_... */
    DWORD MaxFrameSize;
    DWORD Flags; /* NETWORKINFO_FLAGS_... */
    DWORD TimestampScaleFactor;
    BYTE NodeName[32];
    BOOL PModeSupported;
    BYTE Comment[ADAPTER_COMMENT_LENGTH];
} NETWORKINFO;

typedef NETWORKINFO *LPNETWORKINFO;

#define NETWORKINFO_SIZE sizeof(NETWORKINFO)

#define CAPTUREFILE_VERSION_MAJOR 2
#define CAPTUREFILE_VERSION_MINOR 0
#define MakeVersion(Major, Minor) ((DWORD)MAKEWORD(Minor, Major))
#define GetCurrentVersion() MakeVersion(CAPTUREFILE_VERSION_MAJOR, CAPTUREFILE_VERSION_MINOR)
#define NETMON_1_0_CAPTUREFILE_SIGNATURE MAKE_IDENTIFIER('R', 'T', 'S', 'S')
#define NETMON_2_0_CAPTUREFILE_SIGNATURE MAKE_IDENTIFIER('G', 'M', 'B', 'U')

#pragma pack(push, 1)

/* Offsets count from the file's start, lengths are in bytes. */
typedef struct _CAPTUREFILE_HEADER_VALUES {
    DWORD Signature; /* NETMON_..._CAPTUREFILE_SIGNATURE */
    BYTE BCDVerMinor;
    BYTE BCDVerMajor;
    WORD MacType;         /* MAC_TYPE_... */
    SYSTEMTIME TimeStamp; /* the capture's start */
    DWORD FrameTableOffset;
    DWORD FrameTableLength; /* of the table of frames' offsets */
    DWORD UserDataOffset;
    DWORD UserDataLength;
    DWORD CommentDataOffset;
    DWORD CommentDataLength;
    DWORD StatisticsOffset;
    DWORD StatisticsLength;
    DWORD NetworkInfoOffset;
    DWORD NetworkInfoLength;
    DWORD ConversationStatsOffset;
    DWORD ConversationStatsLength;
} CAPTUREFILE_HEADER_VALUES;

typedef CAPTUREFILE_HEADER_VALUES *LPCAPTUREFILE_HEADER_VALUES;

typedef struct _CAPTUREFILE_HEADER {
    union {
        CAPTUREFILE_HEADER_VALUES ActualHeader;
        BYTE Buffer[72];
    };
    BYTE Reserved[56];
} CAPTUREFILE_HEADER;

typedef CAPTUREFILE_HEADER *LPCAPTUREFILE_HEADER;

#define CAPTUREFILE_HEADER_VALUES_SIZE (sizeof(CAPTUREFILE_HEADER_VALUES))
#define CAPTUREFILE_HEADER_SIZE (sizeof(CAPTUREFILE_HEADER))

/* The last frames of a capture carry its statistics, behind headers of their own. */
#define DEFAULT_TR_AC 0
#define DEFAULT_TR_FC 0x40
#define DEFAULT_SAP 0xaa
#define DEFAULT_CONTROL 0x3
#define DEFAULT_ETHERTYPE 0x8419
#define DEFAULT_FDDI_FC 0x10
#define STATISTICS_VERSION_1_0 0
#define STATISTICS_VERSION_2_0 0x20
#define STATS_FRAME_TYPE 103

typedef struct _EFRAMEHDR {
    BYTE SrcAddress[6];
    BYTE DstAddress[6];
    WORD Length;
    BYTE DSAP;
    BYTE SSAP;
    BYTE Control;
    BYTE ProtocolID[3];
    WORD EtherType;
} EFRAMEHDR;

typedef struct _TRFRAMEHDR {
    BYTE AC;
    BYTE FC;
    BYTE SrcAddress[6];
    BYTE DstAddress[6];
    BYTE DSAP;
    BYTE SSAP;
    BYTE Control;
    BYTE ProtocolID[3];
    WORD EtherType;
} TRFRAMEHDR;

typedef struct _FDDIFRAMEHDR {
    BYTE FC;
    BYTE SrcAddress[6];
    BYTE DstAddress[6];
    BYTE DSAP;
    BYTE SSAP;
    BYTE Control;
    BYTE ProtocolID[3];
    WORD EtherType;
} FDDIFRAMEHDR;

typedef struct _ATMFRAMEHDR {
    BYTE SrcAddress[6];
    BYTE DstAddress[6];
    WORD Vpi;
    WORD Vci;
} ATMFRAMEHDR;

typedef struct _ESTATFRAME {
    __int64 TimeStamp;
    DWORD FrameLength;
    DWORD nBytesAvail;
    EFRAMEHDR FrameHeader;
    BYTE FrameID[4];
    DWORD Flags;
    DWORD FrameType; /* STATS_FRAME_TYPE */
    WORD StatsDataLen;
    DWORD StatsVersion; /* STATISTICS_VERSION_... */
    STATISTICS Statistics;
} ESTATFRAME;

typedef ESTATFRAME *LPESTATFRAME;
typedef ESTATFRAME UNALIGNED *ULPESTATFRAME;

#define ESTATFRAME_SIZE (sizeof(ESTATFRAME))

typedef struct _TRSTATFRAME {
    __int64 TimeStamp;
    DWORD FrameLength;
    DWORD nBytesAvail;
    TRFRAMEHDR FrameHeader;
    BYTE FrameID[4];
    DWORD Flags;
    DWORD FrameType; /* STATS_FRAME_TYPE */
    WORD StatsDataLen;
    DWORD StatsVersion; /* STATISTICS_VERSION_... */
    STATISTICS Statistics;
} TRSTATFRAME;

typedef TRSTATFRAME *LPTRSTATFRAME;
typedef TRSTATFRAME UNALIGNED *ULPTRSTATFRAME;

#define TRSTATFRAME_SIZE (sizeof(TRSTATFRAME))

typedef struct _FDDISTATFRAME {
    __int64 TimeStamp;
    DWORD FrameLength;
    DWORD nBytesAvail;
    FDDIFRAMEHDR FrameHeader;
    BYTE FrameID[4];
    DWORD Flags;
    DWORD FrameType; /* STATS_FRAME_TYPE */
    WORD StatsDataLen;
    DWORD StatsVersion; /* STATISTICS_VERSION_... */
    STATISTICS Statistics;
} FDDISTATFRAME;

typedef FDDISTATFRAME *LPFDDISTATFRAME;
typedef FDDISTATFRAME UNALIGNED *ULPFDDISTATFRAME;

#define FDDISTATFRAME_SIZE (sizeof(FDDISTATFRAME))

typedef struct _ATMSTATFRAME {
    __int64 TimeStamp;
    DWORD FrameLength;
    DWORD nBytesAvail;
    ATMFRAMEHDR FrameHeader;
    BYTE FrameID[4];
    DWORD Flags;
    DWORD FrameType; /* STATS_FRAME_TYPE */
    WORD StatsDataLen;
    DWORD StatsVersion; /* STATISTICS_VERSION_... */
    STATISTICS Statistics;
} ATMSTATFRAME;

typedef ATMSTATFRAME *LPATMSTATFRAME;
typedef ATMSTATFRAME UNALIGNED *ULPATMSTATFRAME;

#define ATMSTATFRAME_SIZE (sizeof(ATMSTATFRAME))

#define MAX_STATSFRAME_SIZE (sizeof(TRSTATFRAME))

#pragma pack(pop)

/*
 * What stands in a frame: link layer
 */

/* Ethernet types */
#define ETYPE_PUP 0x200
#define ETYPE_PUP_ARP 0x201
#define ETYPE_XNS1 0x600
#define ETYPE_IP 0x800
#define ETYPE_ARP1 0x806
#define ETYPE_XNS2 0x807
#define ETYPE_ARP2 0x807
#define ETYPE_TRLR0 0x1000
#define ETYPE_TRLR1 0x1001
#define ETYPE_TRLR2 0x1002
#define ETYPE_TRLR3 0x1003
#define ETYPE_TRLR4 0x1004
#define ETYPE_TRLR5 0x1005
#define ETYPE_3COM_NBP0 0x3c00
#define ETYPE_3COM_NBP1 0x3c01
#define ETYPE_3COM_NBP2 0x3c02
#define ETYPE_3COM_NBP3 0x3c03
#define ETYPE_3COM_NBP4 0x3c04
#define ETYPE_3COM_NBP5 0x3c05
#define ETYPE_3COM_NBP6 0x3c06
#define ETYPE_3COM_NBP7 0x3c07
#define ETYPE_3COM_NBP8 0x3c08
#define ETYPE_3COM_NBP9 0x3c09
#define ETYPE_3COM_NBP10 0x3c0a
#define ETYPE_RARP 0x8035
#define ETYPE_APPLETALK_LAP 0x809b
#define ETYPE_IBM_RT 0x80d5
#define ETYPE_APPLETALK_ARP 0x80f3
#define ETYPE_NETWARE 0x8137
#define ETYPE_SNMP 0x814c
#define ETYPE_LOOP 0x9000
#define ETYPE_3COM_NETMAP1 0x9001
#define ETYPE_3COM_NETMAP2 0x9002

/* Service access points */
#define SAP_SNA1 0x4
#define SAP_SNA2 0x5
#define SAP_IP 0x6
#define SAP_SNA3 0x8
#define SAP_SNA4 0xc
#define SAP_NETWARE1 0x10
#define SAP_BPDU 0x42
#define SAP_X25 0x7e
#define SAP_XNS 0x80
#define SAP_SNAP 0xaa
#define SAP_NETWARE2 0xe0
#define SAP_IBM_NETBIOS 0xf0
#define SAP_IBM_NM 0xf4
#define SAP_RPL1 0xf8
#define SAP_UB 0xfa
#define SAP_RPL2 0xfc
#define SAP_NETWARE3 0xfe

NETMON_EXTENSION typedef struct _ETHERNET {
    BYTE DstAddr[MAX_ADDR_LENGTH];
    BYTE SrcAddr[MAX_ADDR_LENGTH];
    union {
        WORD Length; /* below ETHERNET_FRAME_TYPE */
        WORD Type;   /* an Ethernet type from there on */
    };
    BYTE Info[0];
} ETHERNET;

typedef ETHERNET *LPETHERNET;
typedef ETHERNET UNALIGNED *ULPETHERNET;

#define ETHERNET_SIZE sizeof(ETHERNET)
#define ETHERNET_HEADER_LENGTH 14
#define ETHERNET_DATA_LENGTH 0x5dc
#define ETHERNET_FRAME_LENGTH 0x5ea
#define ETHERNET_FRAME_TYPE 0x600

typedef struct _NM_ATM {
    UCHAR DstAddr[6];
    UCHAR SrcAddr[6];
    ULONG Vpi;
    ULONG Vci;
} NM_ATM;

typedef NM_ATM *PNM_ATM;
typedef NM_ATM *UPNM_ATM;

#define NM_ATM_HEADER_LENGTH sizeof(NM_ATM)

#pragma pack(push, 1)

typedef struct _NM_1394 {
    UCHAR DstAddr[6];
    UCHAR SrcAddr[6];
    ULONGLONG VcId;
} NM_1394;

typedef NM_1394 *PNM_1394;
typedef NM_1394 *UPNM_1394;

#define NM_1394_HEADER_LENGTH sizeof(NM_1394)

/* Compilers disagree on the size of its union, and so on sizeof(TOKENRING): count with
   TOKENRING_HEADER_LENGTH. */
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wextern-c-compat"
#endif

NETMON_EXTENSION typedef struct _TOKENRING {
    BYTE AccessCtrl;
    BYTE FrameCtrl;
    BYTE DstAddr[MAX_ADDR_LENGTH];
    BYTE SrcAddr[MAX_ADDR_LENGTH];
    union {
        BYTE Info[0];
        WORD RoutingInfo[0]; /* where TOKENRING_SA_ROUTING_INFO is set */
    };
} TOKENRING;

#ifdef __clang__
#pragma clang diagnostic pop
#endif

typedef TOKENRING *LPTOKENRING;
typedef TOKENRING UNALIGNED *ULPTOKENRING;

#define TOKENRING_SIZE sizeof(TOKENRING)
#define TOKENRING_HEADER_LENGTH 14
#define TOKENRING_SA_ROUTING_INFO 0x80
#define TOKENRING_SA_LOCAL 0x40
#define TOKENRING_DA_LOCAL 0x40
#define TOKENRING_DA_GROUP 0x80
#define TOKENRING_RC_LENGTHMASK 0x1f
#define TOKENRING_BC_MASK 0xe0
#define TOKENRING_TYPE_MAC 0
#define TOKENRING_TYPE_LLC 0x40

NETMON_EXTENSION typedef struct _FDDI {
    BYTE FrameCtrl;
    BYTE DstAddr[MAX_ADDR_LENGTH];
    BYTE SrcAddr[MAX_ADDR_LENGTH];
    BYTE Info[0];
} FDDI;

typedef FDDI *LPFDDI;
typedef FDDI UNALIGNED *ULPFDDI;

#define FDDI_SIZE sizeof(FDDI)
#define FDDI_HEADER_LENGTH 13
#define FDDI_TYPE_MAC 0
#define FDDI_TYPE_LLC 0x10
#define FDDI_TYPE_LONG_ADDRESS 0x40

typedef struct _LLC {
    BYTE dsap;
    BYTE ssap;
    struct {
        union {
            BYTE Command;
            BYTE NextSend;
        };
        union {
            BYTE NextRecv;
            BYTE Data[1];
        };
    } ControlField;
} LLC;

typedef LLC *LPLLC;
typedef LLC UNALIGNED *ULPLLC;

#define LLC_SIZE (sizeof(LLC))

#pragma pack(pop)

typedef union _MACFRAME {
    LPBYTE MacHeader;
    LPETHERNET Ethernet;
    LPTOKENRING Tokenring;
    LPFDDI Fddi;
} MACFRAME;

typedef MACFRAME *LPMACFRAME;

/* Of a Token Ring frame; the length in bytes. */
#define IsRoutingInfoPresent(f)                                                                    \
    ((((ULPTOKENRING)(f))->SrcAddr[0] & TOKENRING_SA_ROUTING_INFO) ? TRUE : FALSE)
#define GetRoutingInfoLength(f)                                                                    \
    (IsRoutingInfoPresent(f) ? (((ULPTOKENRING)(f))->RoutingInfo[0] & TOKENRING_RC_LENGTHMASK) : 0)

/*
 * What stands in a frame: IP, ICMP, TCP, IPX, SPX, in network byte order
 */

#pragma pack(push, 1)

NETMON_EXTENSION typedef struct _IP {
    union {
        BYTE Version; /* IP_VERSION_MASK */
        BYTE HdrLen;  /* IP_HDRLEN_MASK */
    };
    BYTE ServiceType;
    WORD TotalLen;
    WORD ID;
    union {
        WORD Flags;   /* IP_DF_MASK, IP_MF_MASK in the first byte */
        WORD FragOff; /* IP_FRAGOFF_MASK */
    };
    BYTE TimeToLive;
    BYTE Protocol;
    WORD HdrChksum;
    DWORD SrcAddr;
    DWORD DstAddr;
    BYTE Options[0];
} IP;

typedef IP *LPIP;
typedef IP UNALIGNED *ULPIP;

#define IP_VERSION_MASK ((BYTE)0xf0)
#define IP_VERSION_SHIFT 4
#define IP_HDRLEN_MASK ((BYTE)0x0f)
#define IP_HDRLEN_SHIFT 0
#define IP_PRECEDENCE_MASK ((BYTE)0xe0)
#define IP_PRECEDENCE_SHIFT 5
#define IP_TOS_MASK ((BYTE)0x1e)
#define IP_TOS_SHIFT 1
#define IP_DELAY_MASK ((BYTE)0x10)
#define IP_THROUGHPUT_MASK ((BYTE)0x08)
#define IP_RELIABILITY_MASK ((BYTE)0x04)
#define IP_FLAGS_MASK ((BYTE)0xe0)
#define IP_FLAGS_SHIFT 13
#define IP_DF_MASK ((BYTE)0x40)
#define IP_MF_MASK ((BYTE)0x20)
#define IP_MF_SHIFT 5
#define IP_FRAGOFF_MASK ((WORD)0x1fff)
#define IP_FRAGOFF_SHIFT 3
#define IP_TCC_MASK ((DWORD)0xffffff00)
#define IP_TIME_OPTS_MASK ((BYTE)0x0f)
#define IP_MISS_STNS_MASK ((BYTE)0xf0)
#define IP_TIME_OPTS_SHIFT 0
#define IP_MISS_STNS_SHIFT 4
#define IP_CHKSUM_OFF 10

/* What TCP and UDP checksums cover beside the segment. */
typedef struct _PSUHDR {
    DWORD ph_SrcIP;
    DWORD ph_DstIP;
    UCHAR ph_Zero;
    UCHAR ph_Proto;
    WORD ph_ProtLen;
} PSUHDR;

typedef PSUHDR UNALIGNED *LPPSUHDR;

typedef struct _RequestReplyFields {
    WORD ID;
    WORD SeqNo;
} ReqReply;

typedef struct _ParameterProblemFields {
    BYTE Pointer;
    BYTE junk[3];
} ParmProb;

typedef struct _TimestampFields {
    DWORD tsOrig;
    DWORD tsRecv;
    DWORD tsXmit;
} TS;

typedef struct _RouterAnnounceHeaderFields {
    BYTE NumAddrs;
    BYTE AddrEntrySize;
    WORD Lifetime;
} RouterAH;

typedef struct _RouterAnnounceEntry {
    DWORD Address;
    DWORD PreferenceLevel;
} RouterAE;

NETMON_EXTENSION typedef struct _ICMP {
    BYTE Type; /* ECHO_REPLY and its like */
    BYTE Code;
    WORD Checksum;
    union {
        DWORD Unused;
        DWORD Address;
        ReqReply RR;
        ParmProb PP;
        RouterAH RAH;
    };
    union {
        TS Time;
        struct _IP IP; /* the header of the packet that the message is about */
        RouterAE RAE[0];
    };
} ICMP;

typedef ICMP *LPICMP;
typedef ICMP UNALIGNED *ULPICMP;

#define ICMP_HEADER_LENGTH 8
#define ICMP_IP_DATA_LENGTH 8
#define ECHO_REPLY 0
#define DESTINATION_UNREACHABLE 3
#define SOURCE_QUENCH 4
#define REDIRECT 5
#define ECHO 8
#define ROUTER_ADVERTISEMENT 9
#define ROUTER_SOLICITATION 10
#define TIME_EXCEEDED 11
#define PARAMETER_PROBLEM 12
#define TIMESTAMP 13
#define TIMESTAMP_REPLY 14
#define INFORMATION_REQUEST 15
#define INFORMATION_REPLY 16
#define ADDRESS_MASK_REQUEST 17
#define ADDRESS_MASK_REPLY 18

typedef struct _HOST_ADDRESS {
    UCHAR ha_address[6];
} HOST_ADDRESS;

typedef struct _IPXADDRESS {
    ULONG ipx_NetNumber;
    HOST_ADDRESS ipx_HostAddr;
} IPXADDRESS;

typedef IPXADDRESS UNALIGNED *PIPXADDRESS;

typedef struct _NET_ADDRESS {
    IPXADDRESS na_IPXAddr;
    USHORT na_socket;
} NET_ADDRESS;

typedef NET_ADDRESS UNALIGNED *UPNET_ADDRESS;

typedef struct _IPX_HDR {
    USHORT ipx_checksum;
    USHORT ipx_length;
    UCHAR ipx_xport_control;
    UCHAR ipx_packet_type;
    NET_ADDRESS ipx_dest;
    NET_ADDRESS ipx_source;
} IPX_HDR;

typedef IPX_HDR UNALIGNED *ULPIPX_HDR;

typedef struct _SPX_HDR {
    IPX_HDR spx_idp_hdr;
    UCHAR spx_conn_ctrl;
    UCHAR spx_data_type;
    USHORT spx_src_conn_id;
    USHORT spx_dest_conn_id;
    USHORT spx_sequence_num;
    USHORT spx_ack_num;
    USHORT spx_alloc_num;
} SPX_HDR;

typedef SPX_HDR UNALIGNED *PSPX_HDR;

typedef struct _TCP {
    WORD SrcPort;
    WORD DstPort;
    DWORD SeqNum;
    DWORD AckNum;
    BYTE DataOff; /* the header's length in DWORDs, in the upper half */
    BYTE Flags;   /* TCP_FLAG_... */
    WORD Window;
    WORD Chksum;
    WORD UrgPtr;
} TCP;

typedef TCP *LPTCP;
typedef TCP UNALIGNED *ULPTCP;

#define TCP_FLAG_FIN 0x1
#define TCP_FLAG_SYN 0x2
#define TCP_FLAG_RESET 0x4
#define TCP_FLAG_PUSH 0x8
#define TCP_FLAG_ACK 0x10
#define TCP_FLAG_URGENT 0x20
#define TCP_RESERVED_MASK 0xfc0

#define TCP_OPTION_ENDOFOPTIONS 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_MAXSEGSIZE 2
#define TCP_OPTION_WSCALE 3
#define TCP_OPTION_SACK_PERMITTED 4
#define TCP_OPTION_SACK 5
#define TCP_OPTION_TIMESTAMPS 8

#pragma pack(pop)

/* TCP and UDP ports */
#define PORT_TCPMUX 1
#define PORT_RJE 5
#define PORT_ECHO 7
#define PORT_DISCARD 9
#define PORT_USERS 11
#define PORT_DAYTIME 13
#define PORT_NETSTAT 15
#define PORT_QUOTE 17
#define PORT_CHARGEN 19
#define PORT_FTPDATA 20
#define PORT_FTP 21
#define PORT_TELNET 23
#define PORT_SMTP 25
#define PORT_NSWFE 27
#define PORT_MSGICP 29
#define PORT_MSGAUTH 31
#define PORT_DSP 33
#define PORT_PRTSERVER 35
#define PORT_TIME 37
#define PORT_RLP 39
#define PORT_GRAPHICS 41
#define PORT_NAMESERVER 42
#define PORT_NICNAME 43
#define PORT_MPMFLAGS 44
#define PORT_MPM 45
#define PORT_MPMSND 46
#define PORT_NIFTP 47
#define PORT_LOGIN 49
#define PORT_LAMAINT 51
#define PORT_DOMAIN 53
#define PORT_ISIGL 55
#define PORT_ANYTERMACC 57
#define PORT_ANYFILESYS 59
#define PORT_NIMAIL 61
#define PORT_VIAFTP 63
#define PORT_TACACSDS 65
#define PORT_BOOTPS 67
#define PORT_BOOTPC 68
#define PORT_TFTP 69
#define PORT_NETRJS1 71
#define PORT_NETRJS2 72
#define PORT_NETRJS3 73
#define PORT_NETRJS4 74
#define PORT_ANYDIALOUT 75
#define PORT_ANYRJE 77
#define PORT_FINGER 79
#define PORT_HTTP 80
#define PORT_HOSTS2NS 81
#define PORT_MITMLDEV1 83
#define PORT_MITMLDEV2 85
#define PORT_ANYTERMLINK 87
#define PORT_SUMITTG 89
#define PORT_MITDOV 91
#define PORT_DCP 93
#define PORT_SUPDUP 95
#define PORT_SWIFTRVF 97
#define PORT_TACNEWS 98
#define PORT_METAGRAM 99
#define PORT_NEWACCT 100
#define PORT_HOSTNAME 101
#define PORT_ISOTSAP 102
#define PORT_X400 103
#define PORT_X400SND 104
#define PORT_CSNETNS 105
#define PORT_RTELNET 107
#define PORT_POP2 109
#define PORT_POP3 110
#define PORT_SUNRPC 111
#define PORT_AUTH 113
#define PORT_SFTP 115
#define PORT_UUCPPATH 117
#define PORT_NNTP 119
#define PORT_ERPC 121
#define PORT_NTP 123
#define PORT_LOCUSMAP 125
#define PORT_LOCUSCON 127
#define PORT_PWDGEN 129
#define PORT_CISCOFNA 130
#define PORT_CISCOTNA 131
#define PORT_CISCOSYS 132
#define PORT_STATSRV 133
#define PORT_INGRESNET 134
#define PORT_LOCSRV 135
#define PORT_PROFILE 136
#define PORT_NETBIOSNS 137
#define PORT_NETBIOSDGM 138
#define PORT_NETBIOSSSN 139
#define PORT_EMFISDATA 140
#define PORT_EMFISCNTL 141
#define PORT_BLIDM 142
#define PORT_IMAP2 143
#define PORT_NEWS 144
#define PORT_UAAC 145
#define PORT_ISOTP0 146
#define PORT_ISOIP 147
#define PORT_CRONUS 148
#define PORT_AED512 149
#define PORT_SQLNET 150
#define PORT_HEMS 151
#define PORT_BFTP 152
#define PORT_SGMP 153
#define PORT_NETSCPROD 154
#define PORT_NETSCDEV 155
#define PORT_SQLSRV 156
#define PORT_KNETCMP 157
#define PORT_PCMAILSRV 158
#define PORT_NSSROUTING 159
#define PORT_SGMPTRAPS 160
#define PORT_SNMP 161
#define PORT_SNMPTRAP 162
#define PORT_CMIPMANAGE 163
#define PORT_CMIPAGENT 164
#define PORT_XNSCOURIER 165
#define PORT_SNET 166
#define PORT_NAMP 167
#define PORT_RSVD 168
#define PORT_SEND 169
#define PORT_PRINTSRV 170
#define PORT_MULTIPLEX 171
#define PORT_CL1 172
#define PORT_XYPLEXMUX 173
#define PORT_MAILQ 174
#define PORT_VMNET 175
#define PORT_GENRADMUX 176
#define PORT_XDMCP 177
#define PORT_NEXTSTEP 178
#define PORT_BGP 179
#define PORT_RIS 180
#define PORT_UNIFY 181
#define PORT_UNISYSCAM 182
#define PORT_OCBINDER 183
#define PORT_OCSERVER 184
#define PORT_REMOTEKIS 185
#define PORT_KIS 186
#define PORT_ACI 187
#define PORT_MUMPS 188
#define PORT_QFT 189
#define PORT_GACP 190
#define PORT_PROSPERO 191
#define PORT_OSUNMS 192
#define PORT_SRMP 193
#define PORT_IRC 194
#define PORT_DN6NLMAUD 195
#define PORT_DN6SMMRED 196
#define PORT_DLS 197
#define PORT_DLSMON 198
#define PORT_ATRMTP 201
#define PORT_ATNBP 202
#define PORT_AT3 203
#define PORT_ATECHO 204
#define PORT_AT5 205
#define PORT_ATZIS 206
#define PORT_AT7 207
#define PORT_AT8 208
#define PORT_SURMEAS 243
#define PORT_LINK 245
#define PORT_DSP3270 246
#define PORT_LDAP1 389
#define PORT_ISAKMP 500
#define PORT_REXEC 512
#define PORT_RLOGIN 513
#define PORT_RSH 514
#define PORT_LPD 515
#define PORT_RIP 520
#define PORT_TEMPO 526
#define PORT_COURIER 530
#define PORT_NETNEWS 532
#define PORT_UUCPD 540
#define PORT_KLOGIN 543
#define PORT_KSHELL 544
#define PORT_DSF 555
#define PORT_REMOTEEFS 556
#define PORT_CHSHELL 562
#define PORT_METER 570
#define PORT_PCSERVER 600
#define PORT_NQS 607
#define PORT_HMMP_INDICATION 612
#define PORT_HMMP_OPERATION 613
#define PORT_MDQS 666
#define PORT_LPD721 721
#define PORT_LPD722 722
#define PORT_LPD723 723
#define PORT_LPD724 724
#define PORT_LPD725 725
#define PORT_LPD726 726
#define PORT_LPD727 727
#define PORT_LPD728 728
#define PORT_LPD729 729
#define PORT_LPD730 730
#define PORT_LPD731 731
#define PORT_RFILE 750
#define PORT_PUMP 751
#define PORT_QRH 752
#define PORT_RRH 753
#define PORT_TELL 754
#define PORT_NLOGIN 758
#define PORT_CON 759
#define PORT_NS 760
#define PORT_RXE 761
#define PORT_QUOTAD 762
#define PORT_CYCLESERV 763
#define PORT_OMSERV 764
#define PORT_WEBSTER 765
#define PORT_PHONEBOOK 767
#define PORT_VID 769
#define PORT_RTIP 771
#define PORT_CYCLESERV2 772
#define PORT_SUBMIT 773
#define PORT_RPASSWD 774
#define PORT_ENTOMB 775
#define PORT_WPAGES 776
#define PORT_WPGS 780
#define PORT_MDBSDAEMON 800
#define PORT_DEVICE 801
#define PORT_MAITRD 997
#define PORT_BUSBOY 998
#define PORT_GARCON 999
#define PORT_NFS 2049
#define PORT_LDAP2 3268
#define PORT_PPTP 5678

/*
 * Functions: experts
 */

LPVOID WINAPI ExpertAllocMemory(HEXPERTKEY hExpertKey, SIZE_T nBytes, DWORD *pError);
LPVOID WINAPI ExpertReallocMemory(HEXPERTKEY hExpertKey, LPVOID pOriginalMemory, SIZE_T nBytes,
                                  DWORD *pError);
DWORD WINAPI ExpertFreeMemory(HEXPERTKEY hExpertKey, LPVOID pOriginalMemory);
SIZE_T WINAPI ExpertMemorySize(HEXPERTKEY hExpertKey, LPVOID pOriginalMemory);
DWORD WINAPI ExpertGetStartupInfo(HEXPERTKEY hExpertKey, PEXPERTSTARTUPINFO pExpertStartupInfo);
DWORD WINAPI ExpertGetFrame(HEXPERTKEY hExpertKey, DWORD Direction, DWORD RequestFlags,
                            DWORD RequestedFrameNumber, HFILTER hFilter,
                            LPEXPERTFRAMEDESCRIPTOR pEFrameDescriptor);
DWORD WINAPI ExpertIndicateStatus(HEXPERTKEY hExpertKey, EXPERTSTATUSENUMERATION Status,
                                  DWORD SubStatus, const char *szText, LONG PercentDone);
DWORD WINAPI ExpertSubmitEvent(HEXPERTKEY hExpertKey, PNMEVENTDATA pExpertEvent);

/*
 * Functions: captures
 */

LPSYSTEMTIME WINAPI GetCaptureTimeStamp(HCAPTURE hCapture);
DWORD WINAPI GetCaptureMacType(HCAPTURE hCapture);
DWORD WINAPI GetCaptureTotalFrames(HCAPTURE hCapture);
LPSTR WINAPI GetCaptureComment(HCAPTURE hCapture);
DWORD WINAPI GetCaptureCommentFromFilename(LPSTR lpFilename, LPSTR lpComment, DWORD BufferSize);
LPPROTOCOLTABLE WINAPI GetEnabledProtocols(HCAPTURE hCapture);

/*
 * Functions: frames
 */

HFRAME WINAPI GetFrame(HCAPTURE hCapture, DWORD FrameNumber);
ULPFRAME WINAPI GetFrameFromFrameHandle(HFRAME hFrame);
HCAPTURE WINAPI GetFrameCaptureHandle(HFRAME hFrame);
DWORD WINAPI GetFrameNumber(HFRAME hFrame);
__int64 WINAPI GetFrameTimeStamp(HFRAME hFrame);
DWORD WINAPI GetFrameLength(HFRAME hFrame);
DWORD WINAPI GetFrameStoredLength(HFRAME hFrame);
DWORD WINAPI GetFrameMacType(HFRAME hFrame);
DWORD WINAPI GetFrameMacHeaderLength(HFRAME hFrame);
LPRECOGNIZEDATATABLE WINAPI GetFrameRecognizeData(HFRAME hFrame);
DWORD WINAPI GetFrameDestAddress(HFRAME hFrame, LPADDRESS2 lpAddress, DWORD AddressType,
                                 DWORD Flags);
DWORD WINAPI GetFrameSourceAddress(HFRAME hFrame, LPADDRESS2 lpAddress, DWORD AddressType,
                                   DWORD Flags);
DWORD WINAPI GetFrameDstAddressOffset(HFRAME hFrame, DWORD AddressType, LPDWORD AddressLength);
DWORD WINAPI GetFrameSrcAddressOffset(HFRAME hFrame, DWORD AddressType, LPDWORD AddressLength);
BOOL WINAPI CompareFrameDestAddress(HFRAME hFrame, LPADDRESS2 lpAddress);
BOOL WINAPI CompareFrameSourceAddress(HFRAME hFrame, LPADDRESS2 lpAddress);
HFRAME WINAPI FindNextFrame(HFRAME hCurrentFrame, LPSTR ProtocolName, LPADDRESS2 lpDestAddress,
                            LPADDRESS2 lpSrcAddress, LPWORD ProtocolOffset,
                            DWORD OriginalFrameNumber, DWORD nHighestFrame);
HFRAME WINAPI FindPreviousFrame(HFRAME hCurrentFrame, LPSTR ProtocolName, LPADDRESS2 lpDstAddress,
                                LPADDRESS2 lpSrcAddress, LPWORD ProtocolOffset,
                                DWORD OriginalFrameNumber, DWORD nLowestFrame);
HFRAME WINAPI ModifyFrame(HCAPTURE hCapture, DWORD FrameNumber, LPBYTE FrameData, DWORD FrameLength,
                          __int64 TimeStamp);
ULPBYTE WINAPI ParserTemporaryLockFrame(HFRAME hFrame);

/*
 * Functions: filters
 */

HFILTER WINAPI CreateFilter(VOID);
DWORD WINAPI DestroyFilter(HFILTER hFilter);
HFILTER WINAPI FilterDuplicate(HFILTER hFilter);
DWORD WINAPI FilterAddObject(HFILTER hFilter, LPFILTEROBJECT2 lpFilterObject);
VOID WINAPI FilterFlushBits(HFILTER hFilter);
DWORD WINAPI FilterFrame(HFRAME hFrame, HFILTER hFilter, HCAPTURE hCapture);
DWORD WINAPI FilterFindFrame(HFILTER hFilter, HCAPTURE hCapture, DWORD nFrame,
                             STATUSPROC StatusProc, LPVOID UIInstance, DWORD TimeDelta,
                             BOOL FilterDirection);
HFRAME WINAPI FilterFindPropertyInstance(HFRAME hFrame, HFILTER hMasterFilter, HCAPTURE hCapture,
                                         HFILTER hInstanceFilter, LPPROPERTYINST *lpPropRestartKey,
                                         STATUSPROC StatusProc, LPVOID UIInstance, DWORD TimeDelta,
                                         BOOL FilterForward);
BOOL WINAPI FilterAttachesProperties(HFILTER hFilter);
DWORD WINAPI EnableParserFilter(HFILTER hFilter, HPARSER hParser);
DWORD WINAPI DisableParserFilter(HFILTER hFilter, HPARSER hParser);
HFILTER WINAPI GetCurrentFilter(VOID);
VOID WINAPI SetCurrentFilter(HFILTER hFilter);

/*
 * Functions: protocols and properties
 */

HPROTOCOL WINAPI CreateProtocol(LPSTR ProtocolName, LPENTRYPOINTS lpEntryPoints,
                                DWORD cbEntryPoints);
VOID WINAPI DestroyProtocol(HPROTOCOL hProtocol);
LPPROTOCOLINFO WINAPI GetProtocolInfo(HPROTOCOL hProtocol);
HPROTOCOL WINAPI GetProtocolFromName(LPSTR ProtocolName);
DWORD WINAPI GetProtocolStartOffset(HFRAME hFrame, LPSTR ProtocolName);
DWORD WINAPI GetProtocolStartOffsetHandle(HFRAME hFrame, HPROTOCOL hProtocol);
DWORD WINAPI GetPreviousProtocolOffsetByName(HFRAME hFrame, DWORD dwStartOffset,
                                             LPSTR szProtocolName, DWORD *pdwPreviousOffset);
LPLABELED_WORD WINAPI GetProtocolDescription(DWORD ProtocolID);
LPLABELED_WORD WINAPI GetProtocolDescriptionTable(LPDWORD TableSize);
DWORD WINAPI CreatePropertyDatabase(HPROTOCOL hProtocol, DWORD nProperties);
DWORD WINAPI DestroyPropertyDatabase(HPROTOCOL hProtocol);
HPROPERTY WINAPI AddProperty(HPROTOCOL hProtocol, LPPROPERTYINFO PropertyInfo);
HPROPERTY WINAPI GetProperty(HPROTOCOL hProtocol, LPSTR PropertyName);
LPPROPERTYINFO WINAPI GetPropertyInfo(HPROPERTY hProperty);
BOOL WINAPI AttachPropertyInstance(HFRAME hFrame, HPROPERTY hProperty, DWORD Length, ULPVOID lpData,
                                   DWORD HelpID, DWORD Level, DWORD IFlags);
BOOL WINAPI AttachPropertyInstanceEx(HFRAME hFrame, HPROPERTY hProperty, DWORD Length,
                                     ULPVOID lpData, DWORD ExLength, ULPVOID lpExData, DWORD HelpID,
                                     DWORD Level, DWORD IFlags);
LPPROPERTYINST WINAPI FindPropertyInstance(HFRAME hFrame, HPROPERTY hProperty);
LPPROPERTYINST WINAPI FindPropertyInstanceRestart(HFRAME hFrame, HPROPERTY hProperty,
                                                  LPPROPERTYINST *lpRestartKey, BOOL DirForward);
DWORD WINAPI ResetPropertyInstanceLength(LPPROPERTYINST lpProp, WORD nOrgLen, WORD nNewLen);
LPSTR WINAPI GetPropertyText(HFRAME hFrame, LPPROPERTYINST lpPI, LPSTR szBuffer, DWORD BufferSize);

/*
 * Functions: parsers
 */

LPSTR WINAPIV BuildINIPath(char *FullPath, char *IniFileName);
DWORD WINAPI CreateHandoffTable(LPSTR secName, LPSTR iniFile, LPHANDOFFTABLE *hTable,
                                DWORD nMaxProtocolEntries, DWORD base);
HPROTOCOL WINAPI GetProtocolFromTable(LPHANDOFFTABLE hTable, DWORD ItemToFind,
                                      PDWORD_PTR lpInstData);
VOID WINAPI DestroyHandoffTable(LPHANDOFFTABLE hTable);
BOOLEAN WINAPI IsRawIPXEnabled(LPSTR secName, LPSTR iniFile, LPSTR CurProtocol);
LPVOID WINAPI GetCCInstPtr(VOID);
VOID WINAPI SetCCInstPtr(LPVOID lpCurCaptureInst);
LPVOID WINAPI CCHeapAlloc(DWORD dwBytes, BOOL bZeroInit);
LPVOID WINAPI CCHeapReAlloc(LPVOID lpMem, DWORD dwBytes, BOOL bZeroInit);
BOOL WINAPI CCHeapFree(LPVOID lpMem);
SIZE_T WINAPI CCHeapSize(LPVOID lpMem);
BOOL WINAPIV BERGetHeader(ULPBYTE pCurrentPointer, ULPBYTE pTag, LPDWORD pHeaderLength,
                          LPDWORD pDataLength, ULPBYTE *ppNext);
BOOL WINAPIV BERGetInteger(ULPBYTE pCurrentPointer, ULPBYTE *ppValuePointer, LPDWORD pHeaderLength,
                           LPDWORD pDataLength, ULPBYTE *ppNext);
BOOL WINAPIV BERGetString(ULPBYTE pCurrentPointer, ULPBYTE *ppValuePointer, LPDWORD pHeaderLength,
                          LPDWORD pDataLength, ULPBYTE *ppNext);
LPBYTE WINAPI LookupByteSetString(LPSET lpSet, BYTE Value);
LPBYTE WINAPI LookupWordSetString(LPSET lpSet, WORD Value);
LPBYTE WINAPI LookupDwordSetString(LPSET lpSet, DWORD Value);
LPDWORD WINAPI VarLenSmallIntToDword(LPBYTE pValue, WORD ValueLen, BOOL fIsByteswapped,
                                     LPDWORD lpDword);

/*
 * Functions: text from properties
 */

DWORD WINAPIV FormatPropertyInstance(LPPROPERTYINST lpPropertyInst, ...);
VOID WINAPIV FormatPropertyDataAsByte(LPPROPERTYINST lpPropertyInst, DWORD Base);
VOID WINAPIV FormatPropertyDataAsWord(LPPROPERTYINST lpPropertyInst, DWORD Base);
VOID WINAPIV FormatPropertyDataAsDword(LPPROPERTYINST lpPropertyInst, DWORD Base);
VOID WINAPIV FormatPropertyDataAsInt64(LPPROPERTYINST lpPropertyInst, DWORD Base);
VOID WINAPIV FormatPropertyDataAsTime(LPPROPERTYINST lpPropertyInst);
VOID WINAPIV FormatPropertyDataAsString(LPPROPERTYINST lpPropertyInst);
VOID WINAPIV FormatPropertyDataAsHexString(LPPROPERTYINST lpPropertyInst);
VOID WINAPIV FormatLabeledByteSet(LPPROPERTYINST lpPropertyInst);
VOID WINAPIV FormatLabeledWordSet(LPPROPERTYINST lpPropertyInst);
VOID WINAPIV FormatLabeledDwordSet(LPPROPERTYINST lpPropertyInst);
VOID WINAPIV FormatLabeledByteSetAsFlags(LPPROPERTYINST lpPropertyInst);
VOID WINAPIV FormatLabeledWordSetAsFlags(LPPROPERTYINST lpPropertyInst);
VOID WINAPIV FormatLabeledDwordSetAsFlags(LPPROPERTYINST lpPropertyInst);
DWORD WINAPIV FormatByteFlags(LPSTR string, DWORD ByteValue, DWORD BitMask);
DWORD WINAPIV FormatWordFlags(LPSTR string, DWORD WordValue, DWORD BitMask);
DWORD WINAPIV FormatDwordFlags(LPSTR string, DWORD DwordValue, DWORD BitMask);
LPSTR WINAPIV FormatTimeAsString(SYSTEMTIME *time, LPSTR string);
DWORD WINAPI ByteToBinary(LPSTR string, DWORD ByteValue);
DWORD WINAPI WordToBinary(LPSTR string, DWORD WordValue);
DWORD WINAPI DwordToBinary(LPSTR string, DWORD DwordValue);
VOID WINAPI CanonicalizeHexString(LPSTR hex, LPSTR dest, DWORD len);
VOID WINAPI CanonHex(UCHAR *pDest, UCHAR *pSource, int iLen, BOOL fOx);
SYSTEMTIME *WINAPI AdjustSystemTime(SYSTEMTIME *SystemTime, __int64 TimeDelta);

/*
 * Functions: addresses and link layers
 */

int WINAPI CompareAddresses(LPADDRESS2 lpAddress1, LPADDRESS2 lpAddress2);
LPSTR WINAPI AddressToString(LPSTR string, BYTE *lpAddress);
LPBYTE WINAPI StringToAddress(BYTE *lpAddress, LPSTR string);
DWORD WINAPI MacTypeToAddressType(DWORD MacType);
DWORD WINAPI AddressTypeToMacType(DWORD AddressType);
DWORD WINAPI GetMacHeaderLength(LPVOID MacHeader, DWORD MacType);
DWORD WINAPI GetLLCHeaderLength(LPLLC Frame);
DWORD WINAPI GetEtype(LPVOID MacHeader, DWORD MacType);
DWORD WINAPI GetSaps(LPVOID MacHeader, DWORD MacType);
BOOL WINAPI IsLLCPresent(LPVOID MacHeader, DWORD MacType);
LPSTR WINAPI NMRtlIpv6AddressToStringA(const BYTE IP6Addr[], LPSTR S);
LPWSTR WINAPI NMRtlIpv6AddressToStringW(const BYTE IP6Addr[], LPWSTR S);
ULONG WINAPI NMRtlIpv6StringToAddressA(LPCSTR S, LPCSTR *Terminator, BYTE IP6Addr[]);
ULONG WINAPI NMRtlIpv6StringToAddressW(LPCWSTR S, LPCWSTR *Terminator, BYTE IP6Addr[]);

/*
 * Functions that no SDK's header has; experts of the SDK declare those that they call themselves
 */

DWORD WINAPI BHGetLastError(VOID);
DWORD WINAPI DecodeSNMPObjectIdentifier(LPBYTE lpData, DWORD DataLen, LPOBJECT_IDENTIFIER lpOID);
DWORD WINAPI HelperFormatUnicodeString(LPSTR szOut, LPCWSTR szIn, WORD Len);

/*
 * Functions: configuration of monitors; mingw-w64's header lacks these
 */

WCHAR *WINAPIV HTMLValueToUnicode(const char *pValue);
BOOL WINAPIV LoadTCHAR(const char *pConfig, const char *pVarName, char **ppszString);
BOOL WINAPIV LoadDWORD(const char *pConfig, const char *pVarName, DWORD *pValue);
BOOL WINAPIV LoadStringAddr(DWORD *pAddress, const char *str);
BOOL WINAPIV LoadIPAddresses(const char *pConfig, const char *pVarName, DWORD **ppAddresses,
                             DWORD *pNumAddresses);
BOOL WINAPIV LoadIPXAddresses(const char *pConfig, const char *pVarName, IPX_ADDR **ppAddresses,
                              DWORD *pNumAddresses);
BOOL WINAPIV LoadMACAddresses(const char *pConfig, const char *pVarName, LPBYTE *ppAddresses,
                              DWORD *pNumAddresses);

/*
 * Helpers
 */

static __inline HRESULT NMERR_TO_HRESULT(DWORD nmerror)
{
    return nmerror == NMERR_SUCCESS ? S_OK
                                    : MAKE_HRESULT(SEVERITY_ERROR, FACILITY_ITF, (WORD)nmerror);
}

static __inline DWORD HRESULT_TO_NMERR(HRESULT hResult)
{
    return (DWORD)HRESULT_CODE(hResult);
}

/* A property's data, whether the frame's or attached beside it. */
static __inline LPVOID GetPropertyInstanceData(LPPROPERTYINST PropertyInst)
{
    if (PropertyInst->DataLength != (WORD)-1)
        return PropertyInst->lpData;
    return (LPVOID)PropertyInst->lpPropertyInstEx->Byte;
}

#define GetPropertyInstanceDataValue(p, type) ((type *)GetPropertyInstanceData(p))[0]

/* How much of the frame belongs to a property, in bytes. */
static __inline DWORD GetPropertyInstanceFrameDataLength(LPPROPERTYINST PropertyInst)
{
    if (PropertyInst->DataLength != (WORD)-1)
        return PropertyInst->DataLength;
    return PropertyInst->lpPropertyInstEx->Length;
}

/* How much was attached beside it, in bytes; (WORD)-1 if nothing. (The SDK's never says how much.)
 */
static __inline DWORD GetPropertyInstanceExDataLength(LPPROPERTYINST PropertyInst)
{
    if (PropertyInst->DataLength != (WORD)-1)
        return (WORD)-1;
    return PropertyInst->lpPropertyInstEx->LengthEx;
}

static __inline BYTE IP_Version(ULPIP pIP)
{
    return (BYTE)((pIP->Version & IP_VERSION_MASK) >> IP_VERSION_SHIFT);
}

/* In bytes, as the other lengths and offsets here. */
static __inline DWORD IP_HdrLen(ULPIP pIP)
{
    return (DWORD)((pIP->HdrLen & IP_HDRLEN_MASK) >> IP_HDRLEN_SHIFT) << 2;
}

static __inline WORD IP_FragOff(ULPIP pIP)
{
    return (WORD)((XCHG(pIP->FragOff) & IP_FRAGOFF_MASK) << IP_FRAGOFF_SHIFT);
}

static __inline DWORD IP_TotalLen(ULPIP pIP)
{
    return XCHG(pIP->TotalLen);
}

static __inline DWORD IP_MoreFragments(ULPIP pIP)
{
    return (DWORD)((pIP->Flags & IP_MF_MASK) >> IP_MF_SHIFT);
}

static __inline DWORD TCP_HdrLen(ULPTCP pTCP)
{
    return (DWORD)(pTCP->DataOff & 0xf0) >> 2;
}

static __inline DWORD TCP_SrcPort(ULPTCP pTCP)
{
    return XCHG(pTCP->SrcPort);
}

static __inline DWORD TCP_DstPort(ULPTCP pTCP)
{
    return XCHG(pTCP->DstPort);
}

/*
 * The types before IPv6
 *
 * The documentation and the first SDK have ADDRESS and FILTEROBJECT where these eight functions
 * take ADDRESS2 and FILTEROBJECT2: CompareAddresses, CompareFrameDestAddress,
 * CompareFrameSourceAddress, FilterAddObject, FindNextFrame, FindPreviousFrame,
 * GetFrameDestAddress, GetFrameSourceAddress. An ADDRESS is 6 bytes shorter, so it can't be cast.
 * C++ and C11 (also Visual C++ with /std:c11) take either type and convert the old one through a
 * local one of today's; older C takes the ...2 types alone.
 *
 * An IPv6 address does not fit into an ADDRESS: NMERR_INVALID_PARAMETER or the function's own
 * failure, and the caller's structure is not touched. What FilterAddObject is handed lives during
 * the call only, the address at its lpAddress included.
 *
 * In C the eight names are macros with parameters. Who defines such a function, or wants the
 * declarations alone, defines NETMON_NO_OLD_TYPES before this header is included.
 */
#if !defined(NETMON_NO_OLD_TYPES) &&                                                               \
    (defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L))

/* An address that a caller passed, of either type. */
typedef struct netmon_address {
    LPADDRESS2 given;
    ADDRESS2 wide; /* what an old one became */
    int is_old;
    int fits;
} netmon_address;

static __inline ADDRESS2 netmon_no_address(void)
{
    ADDRESS2 none;

    none.Type = 0;
    for (int i = 0; i < IP6_ADDRESS_SIZE; i++)
        none.IP6Address[i] = 0;
    none.Flags = 0;
    return none;
}

static __inline netmon_address netmon_new_address(LPADDRESS2 address)
{
    netmon_address result;

    result.given = address;
    result.wide = netmon_no_address();
    result.is_old = 0;
    result.fits = 1;
    return result;
}

static __inline netmon_address netmon_old_address(LPADDRESS address)
{
    netmon_address result = netmon_new_address(NULL);

    if (address == NULL)
        return result;
    result.wide.Type = address->Type;
    result.wide.IPXAddress = address->IPXAddress; /* the longest kind */
    result.wide.Flags = address->Flags;
    result.is_old = 1;
    result.fits = address->Type != ADDRESS_TYPE_IP6;
    return result;
}

static __inline LPADDRESS2 netmon_pointer(netmon_address *address)
{
    return address->is_old ? &address->wide : address->given;
}

static __inline int netmon_compare_addresses(netmon_address address1, netmon_address address2)
{
    if (!address1.fits || !address2.fits)
        return -1;
    return CompareAddresses(netmon_pointer(&address1), netmon_pointer(&address2));
}

static __inline HFRAME netmon_find_next_frame(HFRAME hCurrentFrame, LPSTR ProtocolName,
                                              netmon_address dest, netmon_address src,
                                              LPWORD ProtocolOffset, DWORD OriginalFrameNumber,
                                              DWORD nHighestFrame)
{
    if (!dest.fits || !src.fits)
        return NULL;
    return FindNextFrame(hCurrentFrame, ProtocolName, netmon_pointer(&dest), netmon_pointer(&src),
                         ProtocolOffset, OriginalFrameNumber, nHighestFrame);
}

static __inline HFRAME netmon_find_previous_frame(HFRAME hCurrentFrame, LPSTR ProtocolName,
                                                  netmon_address dest, netmon_address src,
                                                  LPWORD ProtocolOffset, DWORD OriginalFrameNumber,
                                                  DWORD nLowestFrame)
{
    if (!dest.fits || !src.fits)
        return NULL;
    return FindPreviousFrame(hCurrentFrame, ProtocolName, netmon_pointer(&dest),
                             netmon_pointer(&src), ProtocolOffset, OriginalFrameNumber,
                             nLowestFrame);
}

static __inline BOOL netmon_compare_dest(HFRAME hFrame, LPADDRESS lpAddress)
{
    netmon_address address = netmon_old_address(lpAddress);

    return address.fits ? CompareFrameDestAddress(hFrame, netmon_pointer(&address)) : FALSE;
}

static __inline BOOL netmon_compare_source(HFRAME hFrame, LPADDRESS lpAddress)
{
    netmon_address address = netmon_old_address(lpAddress);

    return address.fits ? CompareFrameSourceAddress(hFrame, netmon_pointer(&address)) : FALSE;
}

static __inline DWORD netmon_give_address(DWORD status, const ADDRESS2 *found, LPADDRESS lpAddress)
{
    if (status != NMERR_SUCCESS)
        return status;
    if (found->Type == ADDRESS_TYPE_IP6)
        return NMERR_INVALID_PARAMETER;
    lpAddress->Type = found->Type;
    lpAddress->IPXAddress = found->IPXAddress; /* the longest kind */
    lpAddress->Flags = found->Flags;
    return status;
}

static __inline DWORD netmon_get_dest(HFRAME hFrame, LPADDRESS lpAddress, DWORD AddressType,
                                      DWORD Flags)
{
    ADDRESS2 found = netmon_no_address();

    if (lpAddress == NULL)
        return GetFrameDestAddress(hFrame, NULL, AddressType, Flags);
    return netmon_give_address(GetFrameDestAddress(hFrame, &found, AddressType, Flags), &found,
                               lpAddress);
}

static __inline DWORD netmon_get_source(HFRAME hFrame, LPADDRESS lpAddress, DWORD AddressType,
                                        DWORD Flags)
{
    ADDRESS2 found = netmon_no_address();

    if (lpAddress == NULL)
        return GetFrameSourceAddress(hFrame, NULL, AddressType, Flags);
    return netmon_give_address(GetFrameSourceAddress(hFrame, &found, AddressType, Flags), &found,
                               lpAddress);
}

static __inline DWORD netmon_add_object(HFILTER hFilter, LPFILTEROBJECT lpFilterObject)
{
    FILTEROBJECT2 object;
    netmon_address address;

    if (lpFilterObject == NULL)
        return FilterAddObject(hFilter, NULL);
    object.Action = lpFilterObject->Action;
    object.hProperty = lpFilterObject->hProperty;
    object.lpArray = lpFilterObject->lpArray; /* as long as any of the union */
    object.ByteCount = lpFilterObject->ByteCount;
    object.pNext = NULL;
    switch (lpFilterObject->Action) {
    case FILTERACTION_ADDR_IP6:
        return NMERR_INVALID_PARAMETER;
    case FILTERACTION_ADDRESS:
    case FILTERACTION_ADDR_ETHER:
    case FILTERACTION_ADDR_TOKEN:
    case FILTERACTION_ADDR_FDDI:
    case FILTERACTION_ADDR_IPX:
    case FILTERACTION_ADDR_IP:
    case FILTERACTION_ADDR_VINES:
        address = netmon_old_address(lpFilterObject->lpAddress);
        if (!address.fits)
            return NMERR_INVALID_PARAMETER;
        object.lpAddress = netmon_pointer(&address);
        return FilterAddObject(hFilter, &object);
    default:
        return FilterAddObject(hFilter, &object);
    }
}

#ifndef __cplusplus

/* clang-format off */
#define NETMON_EITHER(address) \
    _Generic((address), ADDRESS *: netmon_old_address, default: netmon_new_address)(address)
#define CompareAddresses(address1, address2) \
    netmon_compare_addresses(NETMON_EITHER(address1), NETMON_EITHER(address2))
#define FindNextFrame(frame, protocol, dest, src, offset, original, highest) \
    netmon_find_next_frame(frame, protocol, NETMON_EITHER(dest), NETMON_EITHER(src), offset, \
                           original, highest)
#define FindPreviousFrame(frame, protocol, dest, src, offset, original, lowest) \
    netmon_find_previous_frame(frame, protocol, NETMON_EITHER(dest), NETMON_EITHER(src), offset, \
                               original, lowest)

#define CompareFrameDestAddress(frame, address) \
    _Generic((address), ADDRESS *: netmon_compare_dest, default: CompareFrameDestAddress) \
        (frame, address)
#define CompareFrameSourceAddress(frame, address) \
    _Generic((address), ADDRESS *: netmon_compare_source, default: CompareFrameSourceAddress) \
        (frame, address)
#define GetFrameDestAddress(frame, address, type, flags) \
    _Generic((address), ADDRESS *: netmon_get_dest, default: GetFrameDestAddress) \
        (frame, address, type, flags)
#define GetFrameSourceAddress(frame, address, type, flags) \
    _Generic((address), ADDRESS *: netmon_get_source, default: GetFrameSourceAddress) \
        (frame, address, type, flags)
#define FilterAddObject(filter, object) \
    _Generic((object), FILTEROBJECT *: netmon_add_object, default: FilterAddObject)(filter, object)
/* clang-format on */

#else

} /* extern "C" */

/* Not plain pointers, so that NULL still means the functions above. */
struct netmon_old {
    LPADDRESS address;
    netmon_old(LPADDRESS given) : address(given)
    {
    }
};

struct netmon_old_object {
    LPFILTEROBJECT object;
    netmon_old_object(LPFILTEROBJECT given) : object(given)
    {
    }
};

inline int CompareAddresses(netmon_old address1, netmon_old address2)
{
    return netmon_compare_addresses(netmon_old_address(address1.address),
                                    netmon_old_address(address2.address));
}

inline int CompareAddresses(netmon_old address1, LPADDRESS2 address2)
{
    return netmon_compare_addresses(netmon_old_address(address1.address),
                                    netmon_new_address(address2));
}

inline int CompareAddresses(LPADDRESS2 address1, netmon_old address2)
{
    return netmon_compare_addresses(netmon_new_address(address1),
                                    netmon_old_address(address2.address));
}

inline HFRAME FindNextFrame(HFRAME frame, LPSTR protocol, netmon_old dest, netmon_old src,
                            LPWORD offset, DWORD original, DWORD highest)
{
    return netmon_find_next_frame(frame, protocol, netmon_old_address(dest.address),
                                  netmon_old_address(src.address), offset, original, highest);
}

inline HFRAME FindNextFrame(HFRAME frame, LPSTR protocol, netmon_old dest, LPADDRESS2 src,
                            LPWORD offset, DWORD original, DWORD highest)
{
    return netmon_find_next_frame(frame, protocol, netmon_old_address(dest.address),
                                  netmon_new_address(src), offset, original, highest);
}

inline HFRAME FindNextFrame(HFRAME frame, LPSTR protocol, LPADDRESS2 dest, netmon_old src,
                            LPWORD offset, DWORD original, DWORD highest)
{
    return netmon_find_next_frame(frame, protocol, netmon_new_address(dest),
                                  netmon_old_address(src.address), offset, original, highest);
}

inline HFRAME FindPreviousFrame(HFRAME frame, LPSTR protocol, netmon_old dest, netmon_old src,
                                LPWORD offset, DWORD original, DWORD lowest)
{
    return netmon_find_previous_frame(frame, protocol, netmon_old_address(dest.address),
                                      netmon_old_address(src.address), offset, original, lowest);
}

inline HFRAME FindPreviousFrame(HFRAME frame, LPSTR protocol, netmon_old dest, LPADDRESS2 src,
                                LPWORD offset, DWORD original, DWORD lowest)
{
    return netmon_find_previous_frame(frame, protocol, netmon_old_address(dest.address),
                                      netmon_new_address(src), offset, original, lowest);
}

inline HFRAME FindPreviousFrame(HFRAME frame, LPSTR protocol, LPADDRESS2 dest, netmon_old src,
                                LPWORD offset, DWORD original, DWORD lowest)
{
    return netmon_find_previous_frame(frame, protocol, netmon_new_address(dest),
                                      netmon_old_address(src.address), offset, original, lowest);
}

inline BOOL CompareFrameDestAddress(HFRAME frame, netmon_old address)
{
    return netmon_compare_dest(frame, address.address);
}

inline BOOL CompareFrameSourceAddress(HFRAME frame, netmon_old address)
{
    return netmon_compare_source(frame, address.address);
}

inline DWORD GetFrameDestAddress(HFRAME frame, netmon_old address, DWORD type, DWORD flags)
{
    return netmon_get_dest(frame, address.address, type, flags);
}

inline DWORD GetFrameSourceAddress(HFRAME frame, netmon_old address, DWORD type, DWORD flags)
{
    return netmon_get_source(frame, address.address, type, flags);
}

inline DWORD FilterAddObject(HFILTER filter, netmon_old_object object)
{
    return netmon_add_object(filter, object.object);
}

extern "C" {

#endif

#endif

#pragma pack(pop)

#ifdef _MSC_VER
#pragma warning(pop)
#endif

#undef NETMON_EXTENSION

#ifdef __cplusplus
}
#endif

#endif
