/* test_protocols.c - the protocols and properties that frames have: against what tshark found in a
   capture (expected.txt), and in frames made by the test. Arguments: the capture, expected.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <cmocka.h>

#include "handle.h"
#include "property.h"
#include "supply.h"

static const char *capture;
static const char *expected;
static LIBRARY library;
static const HEXPERTKEY key = (HEXPERTKEY)(ULONG_PTR)0x77;

static int open_host(void **state)
{
    (void)state;
    if (!library_load(&library) || !supply_open(&library, capture) ||
        library.open_expert(key, NULL) != NMERR_SUCCESS)
        return -1;
    supply_thread(key);
    return supply_begin() ? 0 : -1;
}

static int close_host(void **state)
{
    (void)state;
    supply_end();
    supply_thread(NULL);
    library.close_expert(key, NULL);
    supply_close();
    library_unload(&library);
    return 0;
}

/*
 * What tshark found
 */

typedef struct EXPECTED {
    char protocol[16];
    char label[40];
    unsigned value;
    unsigned count;
    unsigned sum;
} EXPECTED;

/* Reads the next line of a kind; FALSE at the end. */
static BOOL next_expected(FILE *file, BOOL filter, EXPECTED *line)
{
    char text[256];

    while (fgets(text, sizeof text, file) != NULL) {
        BOOL is_filter = strncmp(text, "filter\t", 7) == 0;
        if (is_filter != filter)
            continue;
        if (filter)
            return sscanf(text, "filter\t%39[^\t]\t%u\t%u", line->label, &line->count,
                          &line->sum) == 3;
        return sscanf(text, "%15[^\t]\t%39[^\t]\t%u\t%u", line->protocol, line->label, &line->value,
                      &line->count) == 4;
    }
    return FALSE;
}

static HPROPERTY property_of(char *protocol, char *label)
{
    HPROPERTY property = GetProperty(GetProtocolFromName(protocol), label);
    assert_true(property != 0);
    return property;
}

/* The number of frames in which the first instance has the value, as an expert that distributes
   them counts. */
static unsigned frames_with(HPROPERTY property, unsigned value, unsigned *all)
{
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
    unsigned frames = 0;

    *all = 0;
    while (ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, FLAGS_ATTACH_PROPERTIES, frame.FrameNumber,
                          NULL, &frame) == NMERR_SUCCESS) {
        LPPROPERTYINST instance = FindPropertyInstance(frame.hFrame, property);
        if (instance == NULL)
            continue;
        (*all)++;
        DWORD bytes;
        const BYTE *data = property_data(instance, &bytes);
        unsigned number = 0;
        BOOL swapped = (instance->IFlags & IFLAG_SWAPPED) != 0;
        for (DWORD byte = 0; byte < bytes; byte++)
            number = number << 8 | data[swapped ? byte : bytes - 1 - byte];
        frames += number == value;
    }
    return frames;
}

/* A property's counts must add up: no other frame has it. */
static void properties_are_distributed_as_tshark_says(void **state)
{
    unsigned sum = 0, all = 0, lines = 0, properties = 0;
    char last[40] = "";
    EXPECTED line;
    (void)state;

    FILE *file = fopen(expected, "r");
    assert_non_null(file);
    while (next_expected(file, FALSE, &line)) {
        if (strcmp(last, line.label) != 0) {
            assert_int_equal(sum, all);
            sum = 0;
            properties++;
            strcpy(last, line.label);
        }
        unsigned count = frames_with(property_of(line.protocol, line.label), line.value, &all);
        if (count != line.count)
            print_message("%s %s %u\n", line.protocol, line.label, line.value);
        assert_int_equal(count, line.count);
        sum += count;
        lines++;
    }
    assert_int_equal(sum, all);
    fclose(file);
    assert_true(properties == 6 && lines > 30);
}

static void add(HFILTER filter, FILTEROBJECT2 object)
{
    assert_int_equal(FilterAddObject(filter, &object), NMERR_SUCCESS);
}

static FILTEROBJECT2 property_object(char *protocol, char *label)
{
    return (FILTEROBJECT2){.Action = FILTERACTION_PROPERTY,
                           .hProperty = property_of(protocol, label)};
}

static FILTEROBJECT2 string_object(char *string)
{
    return (FILTEROBJECT2){
        .Action = FILTERACTION_STRING, .lpArray = string, .ByteCount = (WORD)strlen(string)};
}

static FILTEROBJECT2 operator_object(FILTERACTIONTYPE action)
{
    return (FILTEROBJECT2){.Action = action};
}

/* IP.Source Address == 10.20.0.10 and TCP.Window > 505 */
static void add_from_server(HFILTER filter)
{
    static ADDRESS server = {.Type = ADDRESS_TYPE_IP, .IPAddress = {10, 20, 0, 10}};

    add(filter, property_object((char[]){"IP"}, (char[]){"Source Address"}));
    add(filter,
        (FILTEROBJECT2){.Action = FILTERACTION_ADDR_IP, .lpAddress = (LPADDRESS2)(void *)&server});
    add(filter, operator_object(FILTERACTION_EQUAL));
    add(filter, property_object((char[]){"TCP"}, (char[]){"Window"}));
    add(filter, (FILTEROBJECT2){.Action = FILTERACTION_VALUE, .Value = 505});
    add(filter, operator_object(FILTERACTION_GREATER));
    add(filter, operator_object(FILTERACTION_AND));
}

/* DNS.Question Name contains "PRINTER", whatever the case, or HTTP.Request Method == "GET" */
static void add_names(HFILTER filter)
{
    add(filter, property_object((char[]){"DNS"}, (char[]){"Question Name"}));
    add(filter, string_object((char[]){"PRINTER"}));
    add(filter, operator_object(FILTERACTION_CONTAINSNC));
    add(filter, property_object((char[]){"HTTP"}, (char[]){"Request Method"}));
    add(filter, string_object((char[]){"GET"}));
    add(filter, operator_object(FILTERACTION_EQUAL));
    add(filter, operator_object(FILTERACTION_OR));
}

static void filters_pass_the_frames_that_tshark_shows(void **state)
{
    EXPECTED line;
    unsigned lines = 0;
    (void)state;

    FILE *file = fopen(expected, "r");
    assert_non_null(file);
    while (next_expected(file, TRUE, &line)) {
        EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
        HFILTER filter = CreateFilter();
        unsigned count = 0, sum = 0;
        if (strcmp(line.label, "names") == 0)
            add_names(filter);
        else
            add_from_server(filter);
        while (ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, frame.FrameNumber, filter, &frame) ==
               NMERR_SUCCESS) {
            count++;
            sum += frame.FrameNumber;
        }
        assert_int_equal(count, line.count);
        assert_int_equal(sum, line.sum);
        assert_int_equal(DestroyFilter(filter), NMERR_SUCCESS);
        lines++;
    }
    fclose(file);
    assert_int_equal(lines, 2);
}

/*
 * Frames made by the test
 */

/* Bytes from hexadecimal digits; blanks do not count. */
static DWORD bytes_of(const char *text, BYTE *bytes)
{
    DWORD count = 0;
    unsigned byte;

    while (*text != '\0') {
        if (*text == ' ') {
            text++;
            continue;
        }
        assert_int_equal(sscanf(text, "%2x", &byte), 1);
        bytes[count++] = (BYTE)byte;
        text += 2;
    }
    return count;
}

static const char mac[] = "0a0000000001 0a0000000002 ";

/* The protocols' names, with '/' between them. */
static const char *names_of(const BYTE *bytes, DWORD count, LAYERS *layers)
{
    static char names[128];

    names[0] = '\0';
    protocol_recognize(bytes, count, 1, layers);
    for (DWORD layer = 0; layer < layers->count; layer++) {
        if (layer > 0)
            strcat(names, "/");
        strcat(names, protocol_tables[layers->layer[layer].protocol]->name);
    }
    return names;
}

static PROPERTY_SPACE space;
static BYTE frame_bytes[512];

static void make(const char *hex, const char *names)
{
    LAYERS layers;
    char text[1024];

    snprintf(text, sizeof text, "%s%s", mac, hex);
    DWORD count = bytes_of(text, frame_bytes);
    assert_string_equal(names_of(frame_bytes, count, &layers), names);
    property_attach_all(&space, 7, frame_bytes, &layers);
}

/* The number that the n-th instance has; fails if there is none. */
static unsigned value_of(DWORD protocol, const char *label, int number)
{
    HPROPERTY property = handle_of_property(protocol, protocol_field_by_name(protocol, label));
    LPPROPERTYINST instance = NULL;
    ULONGLONG value;

    do {
        instance = property_find(&space, property, instance, TRUE);
        assert_non_null(instance);
    } while (number-- > 0);
    assert_true(property_number(instance, &value));
    return (unsigned)value;
}

static int instances_of(DWORD protocol, const char *label)
{
    HPROPERTY property = handle_of_property(protocol, protocol_field_by_name(protocol, label));
    LPPROPERTYINST instance = NULL;
    int count = 0;

    while ((instance = property_find(&space, property, instance, TRUE)) != NULL)
        count++;
    return count;
}

/* 20 bytes with the protocol and 4 bytes behind them. */
#define IP4(protocol, fragment) "45000018 0001" fragment "40" protocol "0000 0a000001 0a000002 "

static void tags_are_part_of_ethernets_header(void **state)
{
    (void)state;
    make("8100 0005 0800" IP4("fd", "0000") "01020304", "ETHERNET/IP");
    assert_int_equal(value_of(PROTO_ETHERNET, "Ethernet Type", 0), 0x8100);
    assert_int_equal(value_of(PROTO_IP, "Protocol", 0), 0xFD);
    make(
        "88a8 0005 8100 0006 0806 0001 0800 06 04 0002 0a0000000001 0a000001 0a0000000002 0a000002",
        "ETHERNET/ARP_RARP");
    assert_int_equal(value_of(PROTO_ARP, "Opcode", 0), 2);
    assert_int_equal(instances_of(PROTO_ARP, "Target's Protocol Address"), 1);
}

static void llc_and_snap_lead_to_ip(void **state)
{
    (void)state;
    make("0020 aaaa03 000000 0800" IP4("fd", "0000") "01020304 eeeeeeee", "ETHERNET/LLC/SNAP/IP");
    assert_int_equal(value_of(PROTO_ETHERNET, "Frame Length", 0), 0x20);
    assert_int_equal(instances_of(PROTO_ETHERNET, "Ethernet Type"), 0);
    make("0026 4242 03 0000000000000000", "ETHERNET/LLC");
    assert_int_equal(value_of(PROTO_LLC, "DSAP", 0), 0x42);
}

static void a_fragment_from_the_middle_has_no_more_protocols(void **state)
{
    (void)state;
    make("0800" IP4("11", "2000") "0035c000", "ETHERNET/IP"); /* the first, too short for UDP */
    make("0800" IP4("01", "0001") "08000000", "ETHERNET/IP");
    assert_int_equal(value_of(PROTO_IP, "Fragment Offset", 0), 8);
    assert_int_equal(value_of(PROTO_IP, "Header Length", 0), 20);
    assert_int_equal(value_of(PROTO_IP, "Version", 0), 4);
}

/* 40 bytes; the payload's length, the next header. */
#define IP6(length, next)                                                                          \
    "86dd 60012345" length next "40"                                                               \
    "20010db8000000000000000000000001 20010db8000000000000000000000002 "

static void extension_headers_are_part_of_ipv6s_header(void **state)
{
    (void)state;
    /* Hop-by-hop, destination options of 16 bytes, then UDP. */
    make(IP6("0020",
             "00") "3c 00 010400000000 11 01 010c000000000000000000000000 0400 0500 0008 0000",
         "ETHERNET/IP6/UDP");
    assert_int_equal(value_of(PROTO_UDP, "Source Port", 0), 0x400);
    assert_int_equal(instances_of(PROTO_IP6, "Hop-by-Hop Options Header"), 1);
    assert_int_equal(instances_of(PROTO_IP6, "Destination Options Header"), 1);
    assert_int_equal(value_of(PROTO_IP6, "Traffic Class", 0), 0);
    assert_int_equal(value_of(PROTO_IP6, "Flow Label", 0), 0x12345);
    /* A fragment: the first one has the next protocol, another one has not. */
    make(IP6("0010", "2c") "11 00 0001 00000009 0400 0500 0008 0000", "ETHERNET/IP6/UDP");
    assert_int_equal(value_of(PROTO_IP6, "Fragment Identification", 0), 9);
    make(IP6("0010", "2c") "11 00 0008 00000009 0400 0500 0008 0000", "ETHERNET/IP6");
    assert_int_equal(value_of(PROTO_IP6, "Fragment Offset", 0), 8);
}

static void options_are_properties(void **state)
{
    (void)state;
    make("0800 4500003c 0001 0000 4006 0000 0a000001 0a000002"
         "0400 0050 00000001 00000000 a002 1000 0000 0000"
         "020405b4 0402 080a0000000100000002 01 030307",
         "ETHERNET/IP/TCP");
    assert_int_equal(value_of(PROTO_TCP, "Maximum Segment Size Option", 0), 1460);
    assert_int_equal(value_of(PROTO_TCP, "Window Scale Option", 0), 7);
    assert_int_equal(value_of(PROTO_TCP, "Option Nop", 0), 1);
    assert_int_equal(value_of(PROTO_TCP, "Data Offset", 0), 40);
    assert_int_equal(value_of(PROTO_TCP, "Flags", 0), 2);
    assert_int_equal(instances_of(PROTO_TCP, "Timestamps Option"), 1);
    assert_int_equal(instances_of(PROTO_TCP, "SACK Permitted Option"), 1);
    assert_int_equal(instances_of(PROTO_TCP, "Data"), 0);
    /* Neighbour solicitation with the source's link-layer address. */
    make(IP6("0020", "3a") "87 00 0000 00000000 20010db8000000000000000000000002 0101 0a0000000009",
         "ETHERNET/IP6/ICMP6");
    assert_int_equal(instances_of(PROTO_ICMP6, "Source Link-Layer Address"), 1);
    assert_int_equal(instances_of(PROTO_ICMP6, "Identifier"), 0);
}

#define TCP(ports) ports "00000001 00000000 5010 1000 0000 0000 "

static void smb_follows_a_session_message(void **state)
{
    static const char smb[] = "0800 4500004c 0001 0000 4006 0000 0a000001 0a000002" TCP(
        "0400 01bd") "00000020 ff534d42 72 00000000 18 07c8 0000 0000000000000000 0000 0001 feff "
                     "0003 0004";
    static const char not_smb[] =
        "0800 45000030 0001 0000 4006 0000 0a000001 0a000002" TCP("008b 0400") "85000000 00000000";
    (void)state;
    make(smb, "ETHERNET/IP/TCP/NBT/SMB");
    assert_int_equal(value_of(PROTO_SMB, "Command", 0), 0x72);
    assert_int_equal(value_of(PROTO_SMB, "Process ID (PID)", 0), 0xFFFE);
    assert_int_equal(value_of(PROTO_NBT, "Packet Length", 0), 32);
    make(not_smb, "ETHERNET/IP/TCP/NBT");
}

static void http_has_a_first_line(void **state)
{
    HPROPERTY reason = handle_of_property(PROTO_HTTP, protocol_field_by_name(PROTO_HTTP, "Reason"));
    DWORD bytes;
    (void)state;
    make("0800 45000040 0001 0000 4006 0000 0a000001 0a000002" TCP(
             "0050 0400") "485454502f312e3120343034204e6f7420466f756e640d0a",
         "ETHERNET/IP/TCP/HTTP");
    LPPROPERTYINST instance = property_find(&space, reason, NULL, TRUE);
    assert_non_null(instance);
    const BYTE *data = property_data(instance, &bytes);
    assert_int_equal(bytes, 9);
    assert_memory_equal(data, "Not Found", 9);
    assert_int_equal(instances_of(PROTO_HTTP, "Request Method"), 0);
    /* Not the start of a message. */
    make("0800 4500002c 0001 0000 4006 0000 0a000001 0a000002" TCP("0050 0400") "41424344",
         "ETHERNET/IP/TCP");
}

/* Every frame of the capture, cut at every length, in memory that ends there. */
static void nothing_is_read_behind_what_is_stored(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
    SYSTEM_INFO system;
    LAYERS layers;
    DWORD access, seen = 0;
    (void)state;

    GetSystemInfo(&system);
    BYTE *pages =
        VirtualAlloc(NULL, 2 * (SIZE_T)system.dwPageSize, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    assert_non_null(pages);
    assert_true(
        VirtualProtect(pages + system.dwPageSize, system.dwPageSize, PAGE_NOACCESS, &access));
    while (ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, frame.FrameNumber, NULL, &frame) ==
           NMERR_SUCCESS) {
        const BYTE *data = (const BYTE *)frame.pFrame + offsetof(FRAME, MacFrame);
        DWORD stored = frame.pFrame->nBytesAvail < 256 ? frame.pFrame->nBytesAvail : 256;
        for (DWORD bytes = 0; bytes <= stored; bytes++) {
            BYTE *cut = pages + system.dwPageSize - bytes;
            memcpy(cut, data, bytes);
            protocol_recognize(cut, bytes, 1, &layers);
            property_attach_all(&space, 0, cut, &layers);
            for (DWORD layer = 0; layer < layers.count; layer++) {
                assert_true(layers.layer[layer].body <= layers.layer[layer].end);
                assert_true(layers.layer[layer].end <= bytes);
            }
            seen += space.table.nTotalPropertyInsts;
        }
    }
    VirtualFree(pages, 0, MEM_RELEASE);
    assert_true(seen > 100000);
}

/* The same with random bytes changed, so that lengths are wrong. */
static void lengths_that_lie_lead_nowhere(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
    unsigned seed = 20261129, protocols = 0;
    SYSTEM_INFO system;
    LAYERS layers;
    DWORD access;
    (void)state;

    GetSystemInfo(&system);
    BYTE *pages =
        VirtualAlloc(NULL, 2 * (SIZE_T)system.dwPageSize, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    assert_non_null(pages);
    assert_true(
        VirtualProtect(pages + system.dwPageSize, system.dwPageSize, PAGE_NOACCESS, &access));
    while (ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, frame.FrameNumber, NULL, &frame) ==
           NMERR_SUCCESS) {
        const BYTE *data = (const BYTE *)frame.pFrame + offsetof(FRAME, MacFrame);
        DWORD bytes = frame.pFrame->nBytesAvail < 128 ? frame.pFrame->nBytesAvail : 128;
        for (int round = 0; round < 200; round++) {
            BYTE *cut = pages + system.dwPageSize - bytes;
            memcpy(cut, data, bytes);
            for (int change = 0; change < 3; change++) {
                seed = seed * 1664525 + 1013904223;
                cut[12 + (seed >> 8) % (bytes - 12)] = (BYTE)(seed >> 24);
            }
            protocol_recognize(cut, bytes, 1, &layers);
            property_attach_all(&space, 0, cut, &layers);
            protocols += layers.count;
        }
    }
    VirtualFree(pages, 0, MEM_RELEASE);
    assert_true(protocols > 374 * 200);
}

static void only_ethernet_has_protocols(void **state)
{
    LAYERS layers;
    (void)state;
    DWORD count = bytes_of("0a0000000001 0a0000000002 0806 0001", frame_bytes);
    protocol_recognize(frame_bytes, count, 9, &layers);
    assert_int_equal(layers.count, 0);
    protocol_recognize(frame_bytes, count, 0xFFE0, &layers);
    assert_int_equal(layers.count, 0);
}

/* Two properties of the same name would hide one from GetProperty. */
static void labels_are_unique_and_tables_sound(void **state)
{
    (void)state;
    for (DWORD protocol = 0; protocol < PROTOCOLS; protocol++) {
        const PROTOCOL *table = protocol_tables[protocol];
        assert_true(strlen(table->name) < 16 && table->field_count < 256);
        assert_int_equal(protocol_by_name(table->name), protocol);
        assert_string_equal(table->fields[0].label, "Summary");
        for (DWORD field = 0; field < table->field_count; field++) {
            const FIELD *row = &table->fields[field];
            assert_int_equal(protocol_field_by_name(protocol, row->label), field);
            assert_true((row->set != NULL) == (row->qualifier != PROP_QUAL_NONE));
            if (row->mask != 0)
                assert_true(row->bytes == 1 || row->bytes == 2 || row->bytes == 4);
        }
    }
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties_are_distributed_as_tshark_says),
        cmocka_unit_test(filters_pass_the_frames_that_tshark_shows),
        cmocka_unit_test(tags_are_part_of_ethernets_header),
        cmocka_unit_test(llc_and_snap_lead_to_ip),
        cmocka_unit_test(a_fragment_from_the_middle_has_no_more_protocols),
        cmocka_unit_test(extension_headers_are_part_of_ipv6s_header),
        cmocka_unit_test(options_are_properties),
        cmocka_unit_test(smb_follows_a_session_message),
        cmocka_unit_test(http_has_a_first_line),
        cmocka_unit_test(nothing_is_read_behind_what_is_stored),
        cmocka_unit_test(lengths_that_lie_lead_nowhere),
        cmocka_unit_test(only_ethernet_has_protocols),
        cmocka_unit_test(labels_are_unique_and_tables_sound),
    };
    if (count != 3)
        return 2;
    capture = arguments[1];
    expected = arguments[2];
    return cmocka_run_group_tests(tests, open_host, close_host);
}
