/* test_filters.c - filters: every object that FilterAddObject takes, in every relation, and their
   text. The counts are tshark's of office.pcap, unless they are compared with another way to the
   same result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <windows.h>

#include <cmocka.h>

#include "filter_text.h"
#include "supply.h"

enum { FRAMES = 374, FRAMES_TCP = 260, FRAMES_ARP = 12, FRAMES_IP = 205 };

static const char *capture;
static LIBRARY library;
static HEXPERTKEY key = (HEXPERTKEY)(ULONG_PTR)0x66;
static HFILTER filter;

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

static int begin(void **state)
{
    (void)state;
    filter = CreateFilter();
    return filter != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    return filter == NULL || DestroyFilter(filter) == NMERR_SUCCESS ? 0 : -1;
}

/* Counts the frames that pass, in both directions, which must agree. */
static int passing(void)
{
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
    int forward = 0, backward = 0;

    while (ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, frame.FrameNumber, filter, &frame) ==
           NMERR_SUCCESS)
        forward++;
    frame.FrameNumber = INVALID_FRAME_NUMBER;
    while (ExpertGetFrame(key, GET_FRAME_NEXT_BACKWARD, 0, frame.FrameNumber, filter, &frame) ==
           NMERR_SUCCESS)
        backward++;
    assert_int_equal(forward, backward);
    return forward;
}

static DWORD try_object(FILTEROBJECT2 object)
{
    return FilterAddObject(filter, &object);
}

static void add(FILTEROBJECT2 object)
{
    assert_int_equal(try_object(object), NMERR_SUCCESS);
}

static void operation(FILTERACTIONTYPE action)
{
    add((FILTEROBJECT2){.Action = action});
}

static void property(const char *protocol, const char *label)
{
    char names[2][40];
    HPROPERTY handle = GetProperty(GetProtocolFromName(lstrcpynA(names[0], protocol, 40)),
                                   lstrcpynA(names[1], label, 40));
    assert_true(handle != 0);
    add((FILTEROBJECT2){.Action = FILTERACTION_PROPERTY, .hProperty = handle});
}

static void value(DWORD number)
{
    add((FILTEROBJECT2){.Action = FILTERACTION_VALUE, .Value = number});
}

static void bytes(FILTERACTIONTYPE action, const char *text, WORD count)
{
    add((FILTEROBJECT2){.Action = action, .lpArray = (LPVOID)(ULONG_PTR)text, .ByteCount = count});
}

static void address(FILTERACTIONTYPE action, DWORD type, const char *value_bytes, size_t count)
{
    /* An address of the size before IPv6, where that is enough. */
    BYTE room[sizeof(ADDRESS2)];
    memset(room, 0xCC, sizeof room);
    memcpy(room, &type, sizeof type);
    memcpy(room + 4, value_bytes, count);
    add((FILTEROBJECT2){.Action = action, .lpAddress = (LPADDRESS2)(void *)room});
}

#define BYTES_OF(text) (text), sizeof(text) - 1

static int after(FILTERACTIONTYPE action)
{
    operation(action);
    int count = passing();
    assert_int_equal(DestroyFilter(filter), NMERR_SUCCESS);
    filter = CreateFilter();
    return count;
}

/* tcp.window_size_value has 0 once, 63 77 times, 64 68 times; 64240 and above 35 times. */
static void numbers_are_compared(void **state)
{
    static const struct {
        FILTERACTIONTYPE action;
        int count;
    } cases[] = {{FILTERACTION_EQUAL, 68},         {FILTERACTION_EQUALNC, 68},
                 {FILTERACTION_NOTEQUAL, 192},     {FILTERACTION_NOTEQUALNC, 192},
                 {FILTERACTION_LESS, 78},          {FILTERACTION_LESSNC, 78},
                 {FILTERACTION_LESSEQUAL, 146},    {FILTERACTION_LESSEQUALNC, 146},
                 {FILTERACTION_GREATER, 114},      {FILTERACTION_GREATERNC, 114},
                 {FILTERACTION_GREATEREQUAL, 182}, {FILTERACTION_GREATEREQUALNC, 182}};
    LARGE_INTEGER large = {.QuadPart = 64};
    (void)state;
    for (size_t one = 0; one < sizeof cases / sizeof *cases; one++) {
        property("TCP", "Window");
        value(64);
        assert_int_equal(after(cases[one].action), cases[one].count);
    }
    /* The left operand is pushed first: 64 < window. */
    value(64);
    property("TCP", "Window");
    assert_int_equal(after(FILTERACTION_LESS), 114);
    property("TCP", "Window");
    add((FILTEROBJECT2){.Action = FILTERACTION_LARGEINT, .lpLargeInt = &large});
    assert_int_equal(after(FILTERACTION_LESS), 78);
}

/* Not even "unequal" holds without an instance: 374 - 260 frames have no window. */
static void without_an_instance_no_relation_holds(void **state)
{
    (void)state;
    property("TCP", "Window");
    value(12345);
    assert_int_equal(after(FILTERACTION_NOTEQUAL), FRAMES_TCP);
    property("TCP", "Window");
    value(12345);
    operation(FILTERACTION_NOTEQUAL);
    assert_int_equal(after(FILTERACTION_NOT), FRAMES - FRAMES_TCP);
}

/* Window 67 8 times, 69 23 times. */
static void sums_and_differences_are_compared(void **state)
{
    (void)state;
    property("TCP", "Window");
    value(3);
    operation(FILTERACTION_PLUS);
    value(70);
    assert_int_equal(after(FILTERACTION_EQUAL), 8);
    property("TCP", "Window");
    value(70);
    operation(FILTERACTION_MINUS);
    value(0);
    /* Below 0 is less: 0, 63, 64, 66, 67, 69. */
    assert_int_equal(after(FILTERACTION_LESS), 1 + 77 + 68 + 9 + 8 + 23);
    value(60);
    value(9);
    operation(FILTERACTION_PLUS);
    property("TCP", "Window");
    assert_int_equal(after(FILTERACTION_EQUAL), 23);
}

static void bits_are_on_or_off(void **state)
{
    (void)state;
    property("TCP", "Flags");
    value(2);
    int with = after(FILTERACTION_AREBITSON);
    property("TCP", "Flags");
    value(2);
    int without = after(FILTERACTION_AREBITSOFF);
    assert_int_equal(with, 35); /* tcp.flags.syn == 1 */
    assert_int_equal(with + without, FRAMES_TCP);
    property("TCP", "Flags");
    value(0x12);
    assert_int_equal(after(FILTERACTION_AREBITSON), 17); /* and tcp.flags.ack == 1 */
}

static void texts_are_compared(void **state)
{
    (void)state;
    property("HTTP", "Request Method");
    bytes(FILTERACTION_STRING, "GET", 0); /* up to the property's end */
    int get = after(FILTERACTION_EQUAL);
    assert_true(get > 0);
    property("HTTP", "Request Method");
    bytes(FILTERACTION_STRING, "get", 3);
    assert_int_equal(after(FILTERACTION_EQUAL), 0);
    property("HTTP", "Request Method");
    bytes(FILTERACTION_STRING, "get", 3);
    assert_int_equal(after(FILTERACTION_EQUALNC), get);
    property("HTTP", "Request Method");
    bytes(FILTERACTION_STRING, "ge", 2);
    assert_int_equal(after(FILTERACTION_EQUALNC), 0);
    property("HTTP", "Request Method");
    bytes(FILTERACTION_STRING, "ge", 2);
    assert_int_equal(after(FILTERACTION_CONTAINSNC), get);
    property("HTTP", "Request Method");
    bytes(FILTERACTION_STRING, "ge", 2);
    assert_int_equal(after(FILTERACTION_CONTAINS), 0);
    property("HTTP", "Request Method");
    bytes(FILTERACTION_STRING, "GES", 3);
    assert_int_equal(after(FILTERACTION_LESS), 0);
    property("HTTP", "Request Method");
    bytes(FILTERACTION_STRING, "GES", 3);
    assert_int_equal(after(FILTERACTION_GREATER), get);
    property("ARP_RARP", "Protocol Address Space");
    bytes(FILTERACTION_ARRAY, "\x08\x00", 2);
    assert_int_equal(after(FILTERACTION_ARRAYEQUAL), FRAMES_ARP);
}

/* A pattern at an offset behind the start of a protocol, given by itself or by a property of it. */
static void patterns_are_found_at_an_offset(void **state)
{
    (void)state;
    char name[] = "ARP", ip[] = "IP", label[] = "Version";
    HPROTOCOL arp = GetProtocolFromName(name);
    /* FILTEROBJECT has hProtocol and ByteOffset in different unions. */
    add((FILTEROBJECT2){.Action = FILTERACTION_DEREFPROPERTY, .hProtocol = arp, .ByteOffset = 6});
    bytes(FILTERACTION_ARRAY, "\x00\x01", 2);
    assert_int_equal(after(FILTERACTION_ARRAYEQUAL), 7);
    HPROPERTY version = GetProperty(GetProtocolFromName(ip), label);
    add((FILTEROBJECT2){
        .Action = FILTERACTION_DEREFPROPERTY, .hProperty = version, .ByteOffset = 9});
    bytes(FILTERACTION_ARRAY, "\x06", 1);
    assert_int_equal(after(FILTERACTION_EQUAL), 162);
    add((FILTEROBJECT2){.Action = FILTERACTION_DEREFPROPERTY, .hProtocol = arp, .ByteOffset = 27});
    bytes(FILTERACTION_ARRAY, "\x00\x01", 2); /* behind the last byte */
    assert_int_equal(after(FILTERACTION_NOTEQUAL), 0);
    assert_int_equal(try_object((FILTEROBJECT2){.Action = FILTERACTION_DEREFPROPERTY}),
                     NMERR_INVALID_HPROPERTY);
}

static void properties_exist(void **state)
{
    (void)state;
    property("ARP_RARP", "Opcode");
    assert_int_equal(after(FILTERACTION_PROPERTYEXIST), FRAMES_ARP);
    /* As in the SDK's Property Distribution sample: the property is in the operator as well. */
    char protocol[] = "TCP", label[] = "Window";
    FILTEROBJECT object;
    memset(&object, 0, sizeof object);
    object.Action = FILTERACTION_PROPERTY;
    object.hProperty = GetProperty(GetProtocolFromName(protocol), label);
    assert_int_equal(FilterAddObject(filter, (LPFILTEROBJECT2)(void *)&object), NMERR_SUCCESS);
    object.Action = FILTERACTION_PROPERTYEXIST;
    assert_int_equal(FilterAddObject(filter, (LPFILTEROBJECT2)(void *)&object), NMERR_SUCCESS);
    assert_int_equal(passing(), FRAMES_TCP);
    assert_true(FilterAttachesProperties(filter));
    assert_int_equal(after(FILTERACTION_NOT), FRAMES - FRAMES_TCP);
    object.Action = FILTERACTION_PROPERTYEXIST;
    assert_int_equal(FilterAddObject(filter, (LPFILTEROBJECT2)(void *)&object), NMERR_SUCCESS);
    assert_int_equal(passing(), FRAMES_TCP);
}

static void protocols_exist(void **state)
{
    char arp[] = "ARP", ip[] = "IP";
    struct {
        DWORD count;
        HPROTOCOL protocols[2];
    } two;
    BYTE room[sizeof(PROTOCOLTABLE) + sizeof(HPROTOCOL)];
    PROTOCOLTABLE *table = (PROTOCOLTABLE *)(void *)room;
    (void)state;
    two.protocols[0] = GetProtocolFromName(arp);
    two.protocols[1] = GetProtocolFromName(ip);
    table->nProtocols = 2;
    memcpy(room + offsetof(PROTOCOLTABLE, hProtocol), two.protocols, sizeof two.protocols);
    add((FILTEROBJECT2){.Action = FILTERACTION_PROTOCOLSEXIST, .lpProtocolTable = table});
    assert_int_equal(passing(), FRAMES_ARP + FRAMES_IP);
    assert_false(FilterAttachesProperties(filter));
    add((FILTEROBJECT2){.Action = FILTERACTION_BOOL, .Value = 1});
    assert_int_equal(after(FILTERACTION_XOR), FRAMES - FRAMES_ARP - FRAMES_IP);
    table->nProtocols = 0x40000000; /* there are fewer to read */
    assert_int_equal(try_object((FILTEROBJECT2){.Action = FILTERACTION_PROTOCOLSEXIST,
                                                .lpProtocolTable = table}),
                     NMERR_INVALID_HPROTOCOL);
}

#define PRINTER "\x0A\x14\x00\x14"

static void addresses_are_from_and_to(void **state)
{
    (void)state;
    address(FILTERACTION_ADDRESS, ADDRESS_TYPE_IP, BYTES_OF(PRINTER));
    int from = after(FILTERACTION_FROM);
    address(FILTERACTION_ADDR_IP, ADDRESS_TYPE_IP, BYTES_OF(PRINTER));
    int to = after(FILTERACTION_TO);
    property("IP", "Source Address");
    address(FILTERACTION_ADDR_IP, ADDRESS_TYPE_IP, BYTES_OF(PRINTER));
    assert_int_equal(after(FILTERACTION_EQUAL), from);
    address(FILTERACTION_ADDR_IP, ADDRESS_TYPE_IP, BYTES_OF(PRINTER));
    property("IP", "Destination Address");
    assert_int_equal(after(FILTERACTION_EQUAL), to);
    assert_int_equal(from, 17); /* ip.src */
    assert_int_equal(to, 19);   /* ip.dst */
    address(FILTERACTION_ADDR_IP, ADDRESS_TYPE_IP, BYTES_OF(PRINTER));
    operation(FILTERACTION_ADDRESSANY);
    assert_int_equal(after(FILTERACTION_FROMTO), from);
    operation(FILTERACTION_ADDRESSANY);
    assert_int_equal(after(FILTERACTION_FROM), FRAMES);
    address(FILTERACTION_ADDR_IP6, ADDRESS_TYPE_IP6,
            BYTES_OF("\xFD\x00\x00\x20\0\0\0\0\0\0\0\0\0\0\0\x0A"));
    int from6 = after(FILTERACTION_FROM);
    assert_true(from6 > 0);
    property("IP6", "Source Address");
    address(FILTERACTION_ADDRESS, ADDRESS_TYPE_IP6,
            BYTES_OF("\xFD\x00\x00\x20\0\0\0\0\0\0\0\0\0\0\0\x0A"));
    assert_int_equal(after(FILTERACTION_EQUAL), from6);
}

static void ethernet_addresses_too(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame;
    char mac[12], source[6];
    (void)state;
    assert_int_equal(ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, 5, NULL, &frame), 0);
    memcpy(mac, (char *)frame.pFrame + offsetof(FRAME, MacFrame), 12);
    memcpy(source, mac + 6, 6);
    address(FILTERACTION_ADDR_ETHER, ADDRESS_TYPE_ETHERNET, source, 6);
    int from = after(FILTERACTION_FROM);
    property("ETHERNET", "Source address");
    address(FILTERACTION_ADDR_ETHER, ADDRESS_TYPE_ETHERNET, source, 6);
    assert_int_equal(after(FILTERACTION_EQUAL), from);
    assert_true(from > 0);
    /* No frame has one of these. */
    address(FILTERACTION_ADDR_TOKEN, ADDRESS_TYPE_TOKENRING, source, 6);
    assert_int_equal(after(FILTERACTION_FROM), 0);
    address(FILTERACTION_ADDR_FDDI, ADDRESS_TYPE_FDDI, source, 6);
    assert_int_equal(after(FILTERACTION_FROM), 0);
    address(FILTERACTION_ADDR_IPX, ADDRESS_TYPE_IPX, mac, 10);
    assert_int_equal(after(FILTERACTION_FROM), 0);
    address(FILTERACTION_ADDR_VINES, ADDRESS_TYPE_VINES_IP, source, 6);
    assert_int_equal(after(FILTERACTION_FROM), 0);
}

static void what_does_not_fit_is_refused_when_it_is_added(void **state)
{
    static const FILTERACTIONTYPE unsupported[] = {FILTERACTION_INVALID,
                                                   FILTERACTION_TIME,
                                                   FILTERACTION_OID,
                                                   FILTERACTION_OID_CONTAINS,
                                                   FILTERACTION_OID_BEGINS_WITH,
                                                   FILTERACTION_OID_ENDS_WITH,
                                                   FILTERACTION_EXPRESSION,
                                                   FILTERACTION_NOEVAL,
                                                   1000,
                                                   FILTERACTION_PROTOCOLEXIST + 0x10000};
    static const FILTERACTIONTYPE operators[] = {
        FILTERACTION_AND,       FILTERACTION_NOT,        FILTERACTION_EQUAL,
        FILTERACTION_CONTAINS,  FILTERACTION_PLUS,       FILTERACTION_FROM,
        FILTERACTION_AREBITSON, FILTERACTION_ARRAYEQUAL, FILTERACTION_FROMTO};
    ADDRESS2 wrong_type = {.Type = ADDRESS_TYPE_IPX};
    EXPERTFRAMEDESCRIPTOR frame;
    (void)state;
    for (size_t one = 0; one < sizeof unsupported / sizeof *unsupported; one++)
        assert_int_equal(try_object((FILTEROBJECT2){.Action = unsupported[one]}),
                         NMERR_NOT_SUPPORTED);
    for (size_t one = 0; one < sizeof operators / sizeof *operators; one++)
        assert_int_equal(try_object((FILTEROBJECT2){.Action = operators[one]}),
                         NMERR_FILTER_INVALID_EXPRESSION);
    property("TCP", "Window");
    assert_int_equal(try_object((FILTEROBJECT2){.Action = FILTERACTION_NOT}),
                     NMERR_FILTER_INVALID_EXPRESSION);
    assert_int_equal(ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, 0, filter, &frame),
                     NMERR_FILTER_INVALID_EXPRESSION);
    add((FILTEROBJECT2){.Action = FILTERACTION_BOOL, .Value = 1});
    assert_int_equal(try_object((FILTEROBJECT2){.Action = FILTERACTION_EQUAL}),
                     NMERR_FILTER_INVALID_EXPRESSION);
    assert_int_equal(
        try_object((FILTEROBJECT2){.Action = FILTERACTION_ADDR_IP, .lpAddress = &wrong_type}),
        NMERR_INVALID_PARAMETER);
    /* Pointers that lead nowhere. */
    assert_int_equal(FilterAddObject(filter, NULL), NMERR_INVALID_PARAMETER);
    assert_int_equal(FilterAddObject(filter, (LPFILTEROBJECT2)(ULONG_PTR)16),
                     NMERR_INVALID_PARAMETER);
    assert_int_equal(try_object((FILTEROBJECT2){.Action = FILTERACTION_STRING,
                                                .lpArray = (LPVOID)(ULONG_PTR)16}),
                     NMERR_INVALID_PARAMETER);
    assert_int_equal(try_object((FILTEROBJECT2){.Action = FILTERACTION_ARRAY,
                                                .lpArray = (LPVOID)(ULONG_PTR)16,
                                                .ByteCount = 4}),
                     NMERR_INVALID_PARAMETER);
    assert_int_equal(try_object((FILTEROBJECT2){.Action = FILTERACTION_ADDRESS,
                                                .lpAddress = (LPVOID)(ULONG_PTR)16}),
                     NMERR_INVALID_PARAMETER);
    assert_int_equal(try_object((FILTEROBJECT2){.Action = FILTERACTION_LARGEINT}),
                     NMERR_INVALID_PARAMETER);
    assert_int_equal(try_object((FILTEROBJECT2){.Action = FILTERACTION_PROTOCOLSEXIST}),
                     NMERR_INVALID_PARAMETER);
}

static void a_duplicate_stands_alone(void **state)
{
    char name[] = "ARP";
    (void)state;
    add((FILTEROBJECT2){.Action = FILTERACTION_PROTOCOLEXIST,
                        .hProtocol = GetProtocolFromName(name)});
    HFILTER copy = FilterDuplicate(filter);
    assert_non_null(copy);
    operation(FILTERACTION_NOT);
    assert_int_equal(passing(), FRAMES - FRAMES_ARP);
    FilterFlushBits(filter);
    assert_int_equal(DestroyFilter(filter), NMERR_SUCCESS);
    filter = copy;
    assert_int_equal(passing(), FRAMES_ARP);
    assert_null(FilterDuplicate((HFILTER)(ULONG_PTR)0x46000005));
}

static DWORD reports;

static BOOL WINAPI count_report(DWORD number, HCAPTURE handle, HFILTER asked, LPVOID instance)
{
    (void)number, (void)handle, (void)asked;
    assert_ptr_equal(instance, &reports);
    reports++;
    return FALSE;
}

static void one_frame_is_filtered_or_found(void **state)
{
    HCAPTURE handle = supply_capture();
    char name[] = "ARP";
    (void)state;
    add((FILTEROBJECT2){.Action = FILTERACTION_PROTOCOLEXIST,
                        .hProtocol = GetProtocolFromName(name)});
    assert_int_equal(FilterFrame(GetFrame(handle, 19), filter, handle), FILTER_PASSED);
    assert_int_equal(FilterFrame(GetFrame(handle, 0), filter, handle), FILTER_FAILED);
    assert_int_equal(FilterFrame(NULL, filter, handle), (DWORD)FILTER_FAIL_WITH_ERROR);
    assert_int_equal(FilterFrame(GetFrame(handle, 0), (HFILTER)handle, handle),
                     (DWORD)FILTER_FAIL_WITH_ERROR);
    int count = 0;
    DWORD number = INVALID_FRAME_NUMBER, last = 0;
    while ((number = FilterFindFrame(filter, handle, number, count_report, &reports, 1,
                                     FILTER_DIRECTION_NEXT)) != FILTER_NO_MORE_FRAMES) {
        assert_true(count == 0 || number > last);
        last = number;
        count++;
    }
    assert_int_equal(count, FRAMES_ARP);
    assert_int_equal(
        FilterFindFrame(filter, handle, INVALID_FRAME_NUMBER, NULL, NULL, 0, FILTER_DIRECTION_PREV),
        last);
    assert_int_equal(FilterFindFrame(filter, NULL, 0, NULL, NULL, 0, FILTER_DIRECTION_NEXT),
                     FILTER_NO_MORE_FRAMES);
}

/* An expert that overwrites its own memory harms only itself. */
static void an_overwritten_filter_is_no_filter(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame;
    unsigned seed = 1;
    (void)state;
    for (int round = 0; round < 500; round++) {
        property("TCP", "Window");
        value(64);
        operation(FILTERACTION_LESS);
        const FILTER_BODY *body = filter_of(key, filter);
        assert_non_null(body);
        BYTE *memory = (BYTE *)(ULONG_PTR)body;
        size_t size = sizeof *body + body->bytes;
        for (int byte = 0; byte < 3; byte++) {
            seed = seed * 1664525 + 1013904223;
            memory[(seed >> 8) % size] = (BYTE)(seed >> 24);
        }
        (void)ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, INVALID_FRAME_NUMBER, filter, &frame);
        if (DestroyFilter(filter) != NMERR_SUCCESS)
            (void)library.free_memory(key, memory);
        filter = CreateFilter();
        assert_non_null(filter);
    }
}

/* A relation between a property and an operator's result, which can't be added. */
static void an_overwritten_operator_finds_wrong_operands(void **state)
{
    static const FILTERACTIONTYPE operators[] = {FILTERACTION_EQUAL, FILTERACTION_CONTAINS,
                                                 FILTERACTION_FROMTO, FILTERACTION_AREBITSON,
                                                 FILTERACTION_ARRAYEQUAL};
    EXPERTFRAMEDESCRIPTOR frame;
    (void)state;
    property("TCP", "Window");
    add((FILTEROBJECT2){.Action = FILTERACTION_BOOL, .Value = 1});
    operation(FILTERACTION_NOT);
    operation(FILTERACTION_NOT);
    FILTER_BODY *body = (FILTER_BODY *)(ULONG_PTR)filter_of(key, filter);
    FILTER_TERM *last = (FILTER_TERM *)(void *)(body->terms + body->bytes - sizeof *last);
    assert_int_equal(last->action, FILTERACTION_NOT);
    body->operands = 1;
    body->kinds[0] = FILTER_TRUTH;
    for (size_t one = 0; one < sizeof operators / sizeof *operators; one++) {
        last->action = (WORD)operators[one];
        assert_int_equal(
            ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, INVALID_FRAME_NUMBER, filter, &frame),
            NMERR_NO_MORE_FRAMES);
    }
}

static void text_means_the_same(void **state)
{
    static const struct {
        const char *text;
        int count;
    } cases[] = {
        {"TCP", FRAMES_TCP},
        {" not  tcp ", FRAMES - FRAMES_TCP},
        {"arp or ip", FRAMES_ARP + FRAMES_IP},
        {"ARP or IP and TCP", FRAMES_ARP + 162},
        {"(ARP or IP) and TCP", 162},
        {"not (ARP or IP)", FRAMES - FRAMES_ARP - FRAMES_IP},
        {"TCP.Window", FRAMES_TCP},
        {"TCP.Window == 64", 68},
        {"TCP.Window==0x40", 68},
        {"tcp.window != 64", 192},
        {"TCP.Window < 64 or TCP.Window > 64", 192},
        {"TCP.Window <= 64", 146},
        {"TCP.Window >= 64", 182},
        {"TCP.Flags has 2", 35},
        {"TCP.Flags lacks 2", FRAMES_TCP - 35},
        {"IP.Time to Live == 1", 1},
        {"DNS.Question Name contains \"printer\" or HTTP.Request Method == \"get\"", 20},
        {"IP.Source Address == 10.20.0.10 and TCP.Window > 505", 9},
        {"HTTP.Reason == \"\"", 0},
    };
    (void)state;
    for (size_t one = 0; one < sizeof cases / sizeof *cases; one++) {
        assert_int_equal(DestroyFilter(filter), NMERR_SUCCESS);
        DWORD error = filter_text_read(cases[one].text, &filter, NULL);
        if (error != NMERR_SUCCESS)
            print_message("%s\n", cases[one].text);
        assert_int_equal(error, NMERR_SUCCESS);
        int count = passing();
        if (count != cases[one].count)
            print_message("%s: %d\n", cases[one].text, count);
        assert_int_equal(count, cases[one].count);
    }
    HFILTER first = filter;
    assert_int_equal(filter_text_read("IP6.Source Address == fd00:20::a", &filter, NULL), 0);
    int ipv6 = passing();
    assert_int_equal(DestroyFilter(first), NMERR_SUCCESS);
    assert_true(ipv6 > 0);
}

static void wrong_text_is_refused_where_it_is_wrong(void **state)
{
    static const struct {
        const char *text;
        DWORD error;
        DWORD at;
    } cases[] = {
        {"", NMERR_FILTER_INVALID_EXPRESSION, 0},
        {"XYZ", NMERR_PROTOCOL_NOT_FOUND, 0},
        {"TCP and", NMERR_FILTER_INVALID_EXPRESSION, 7},
        {"TCP TCP", NMERR_FILTER_INVALID_EXPRESSION, 4},
        {"(TCP", NMERR_FILTER_INVALID_EXPRESSION, 4},
        {"TCP.Wind == 1", NMERR_PROPERTY_NOT_FOUND, 4},
        {"TCP.Window == x", NMERR_FILTER_INVALID_EXPRESSION, 14},
        {"TCP.Window == 5000000000", NMERR_FILTER_INVALID_EXPRESSION, 0},
        {"HTTP.Reason == \"x", NMERR_FILTER_INVALID_EXPRESSION, 17},
        {"TCP.Window contains 1", NMERR_FILTER_INVALID_EXPRESSION, 11},
        {"TCP)", NMERR_FILTER_INVALID_EXPRESSION, 3},
        {"((((((((((((((((((((((((((((((((((((TCP", NMERR_FILTER_INVALID_EXPRESSION, 33},
    };
    NMAPI_EXPERT_USAGE before = {.cbSize = sizeof before}, usage = {.cbSize = sizeof usage};
    (void)state;
    assert_int_equal(library.query_expert(key, &before), NMERR_SUCCESS);
    for (size_t one = 0; one < sizeof cases / sizeof *cases; one++) {
        HFILTER none = filter;
        DWORD at = 0;
        assert_int_equal(filter_text_read(cases[one].text, &none, &at), cases[one].error);
        assert_null(none);
        if (cases[one].at != 0 && at != cases[one].at)
            print_message("%s\n", cases[one].text);
        if (cases[one].at != 0)
            assert_int_equal(at, cases[one].at);
    }
    assert_int_equal(library.query_expert(key, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBlocks, before.LiveBlocks);
}

static void the_users_filter_is_applied_where_it_is_deferred_to(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
    char name[] = "IP";
    DWORD at;
    int count = 0;
    (void)state;
    assert_int_equal(supply_ui_filter("TCP", &at), NMERR_SUCCESS);
    add((FILTEROBJECT2){.Action = FILTERACTION_PROTOCOLEXIST,
                        .hProtocol = GetProtocolFromName(name)});
    while (ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, FLAGS_DEFER_TO_UI_FILTER, frame.FrameNumber,
                          filter, &frame) == NMERR_SUCCESS)
        count++;
    assert_int_equal(count, 162);
    assert_int_equal(passing(), FRAMES_IP);
    assert_int_equal(supply_ui_filter("TC", &at), NMERR_PROTOCOL_NOT_FOUND);
    assert_int_equal(supply_ui_filter(NULL, NULL), NMERR_SUCCESS);
    count = 0;
    frame.FrameNumber = INVALID_FRAME_NUMBER;
    while (ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, FLAGS_DEFER_TO_UI_FILTER, frame.FrameNumber,
                          NULL, &frame) == NMERR_SUCCESS)
        count++;
    assert_int_equal(count, FRAMES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        TEST(numbers_are_compared),
        TEST(without_an_instance_no_relation_holds),
        TEST(sums_and_differences_are_compared),
        TEST(bits_are_on_or_off),
        TEST(texts_are_compared),
        TEST(patterns_are_found_at_an_offset),
        TEST(properties_exist),
        TEST(protocols_exist),
        TEST(addresses_are_from_and_to),
        TEST(ethernet_addresses_too),
        TEST(what_does_not_fit_is_refused_when_it_is_added),
        TEST(a_duplicate_stands_alone),
        TEST(one_frame_is_filtered_or_found),
        TEST(an_overwritten_filter_is_no_filter),
        TEST(an_overwritten_operator_finds_wrong_operands),
        TEST(text_means_the_same),
        TEST(wrong_text_is_refused_where_it_is_wrong),
        TEST(the_users_filter_is_applied_where_it_is_deferred_to),
    };
    if (count != 2)
        return 2;
    capture = arguments[1];
    return cmocka_run_group_tests(tests, open_host, close_host);
}
