/* test_queries.c - the supplied functions for frames, the capture, protocols, properties, their
   text and addresses, called as an expert calls them. The expected values were read from
   office.pcap's frames with tshark -V. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <windows.h>

#include <cmocka.h>

#include "address.h"
#include "handle.h"
#include "supply.h"

enum { FRAMES = 374, ARP = 19 };

static const char *capture;
static LIBRARY library;
static HEXPERTKEY key = (HEXPERTKEY)(ULONG_PTR)0x88;
static DWORD first_tcp;  /* over IP */
static DWORD first_tcp6; /* over IPv6 */

static DWORD first_with(const char *expression)
{
    char text[64];
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};

    if (supply_ui_filter(lstrcpynA(text, expression, sizeof text), NULL) != NMERR_SUCCESS ||
        ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, FLAGS_DEFER_TO_UI_FILTER, INVALID_FRAME_NUMBER,
                       NULL, &frame) != NMERR_SUCCESS)
        return INVALID_FRAME_NUMBER;
    (void)supply_ui_filter(NULL, NULL);
    return frame.FrameNumber;
}

static int open_host(void **state)
{
    (void)state;
    if (!library_load(&library) || !supply_open(&library, capture) ||
        library.open_expert(key, NULL) != NMERR_SUCCESS)
        return -1;
    supply_thread(key);
    if (!supply_begin())
        return -1;
    first_tcp = first_with("IP and TCP");
    first_tcp6 = first_with("IP6 and TCP");
    return first_tcp < FRAMES && first_tcp6 < FRAMES ? 0 : -1;
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

static HFRAME frame(DWORD number)
{
    HFRAME handle = GetFrame(supply_capture(), number);
    assert_non_null(handle);
    return handle;
}

static HPROTOCOL protocol(const char *name)
{
    char text[20];
    return GetProtocolFromName(lstrcpynA(text, name, sizeof text));
}

static HPROPERTY property(const char *name, const char *label)
{
    char text[40];
    return GetProperty(protocol(name), lstrcpynA(text, label, sizeof text));
}

static void a_capture_tells_about_itself(void **state)
{
    HCAPTURE handle = supply_capture();
    (void)state;
    assert_int_equal(GetCaptureTotalFrames(handle), FRAMES);
    assert_int_equal(GetCaptureMacType(handle), MAC_TYPE_ETHERNET);
    assert_string_equal(GetCaptureComment(handle), "");
    SYSTEMTIME *time = GetCaptureTimeStamp(handle);
    assert_non_null(time); /* 1795225484.731866 seconds after 1970 */
    assert_int_equal(time->wYear, 2026);
    assert_int_equal(time->wMonth, 11);
    assert_int_equal(time->wMilliseconds, 731);
    assert_int_equal(GetEnabledProtocols(handle)->nProtocols, PROTOCOLS);
    assert_int_equal(GetCaptureMacType(NULL), NMERR_UNKNOWN_MACTYPE);
    assert_null(GetCaptureComment(NULL));
    assert_null(GetCaptureTimeStamp(NULL));
    assert_null(GetEnabledProtocols(NULL));
}

static void a_files_comment_is_asked_for_by_name(void **state)
{
    char comment[8] = "before", path[MAX_PATH];
    (void)state;
    assert_int_equal(
        GetCaptureCommentFromFilename(lstrcpynA(path, capture, MAX_PATH), comment, sizeof comment),
        NMERR_SUCCESS);
    assert_string_equal(comment, "");
    assert_int_equal(GetCaptureCommentFromFilename((char[]){"no such file"}, comment, 8),
                     NMERR_FILE_NOT_FOUND);
    assert_int_equal(GetCaptureCommentFromFilename(path, NULL, 8), NMERR_INVALID_PARAMETER);
    assert_int_equal(GetCaptureCommentFromFilename(path, comment, 0), NMERR_INVALID_PARAMETER);
}

static void a_frame_tells_about_itself(void **state)
{
    HFRAME handle = frame(ARP);
    (void)state;
    assert_int_equal(GetFrameNumber(handle), ARP);
    assert_int_equal(GetFrameLength(handle), 42);
    assert_int_equal(GetFrameStoredLength(handle), 42);
    assert_int_equal(GetFrameMacType(handle), MAC_TYPE_ETHERNET);
    assert_int_equal(GetFrameMacHeaderLength(handle), 14);
    assert_ptr_equal(GetFrameCaptureHandle(handle), supply_capture());
    assert_true(GetFrameTimeStamp(handle) > 0);
    assert_int_equal(GetFrameTimeStamp(frame(0)), 0);
    ULPFRAME data = GetFrameFromFrameHandle(handle);
    assert_int_equal(data->FrameLength, 42);
    assert_true(data->TimeStamp == GetFrameTimeStamp(handle));
    assert_ptr_equal(ParserTemporaryLockFrame(handle),
                     (BYTE *)(ULONG_PTR)data + offsetof(FRAME, MacFrame));
    LPRECOGNIZEDATATABLE table = GetFrameRecognizeData(handle);
    const RECOGNIZEDATA *entries =
        (const RECOGNIZEDATA *)((const BYTE *)table + offsetof(RECOGNIZEDATATABLE, RecognizeData));
    assert_int_equal(table->nRecognizeDatas, 2);
    assert_int_equal(entries[0].nProtocolOffset, 0);
    assert_int_equal(entries[1].nProtocolOffset, 14);
    assert_int_equal(entries[1].ProtocolID, GetProtocolInfo(protocol("ARP_RARP"))->ProtocolID);
    assert_null(GetFrame(supply_capture(), FRAMES));
    assert_null(GetFrame(NULL, 0));
}

static void a_wrong_frame_is_told_by_the_pages_values(void **state)
{
    HFRAME wrong = handle_of_frame(FRAMES);
    DWORD length = 77;
    ADDRESS2 address;
    (void)state;
    assert_int_equal(GetFrameNumber(wrong), (DWORD)-1);
    assert_true(GetFrameTimeStamp(wrong) == -1);
    assert_int_equal(GetFrameStoredLength(wrong), 0);
    assert_int_equal(GetFrameMacHeaderLength(wrong), 0);
    assert_null(GetFrameCaptureHandle(wrong));
    assert_null(GetFrameFromFrameHandle(wrong));
    assert_null(ParserTemporaryLockFrame(wrong));
    assert_null(GetFrameRecognizeData(wrong));
    assert_int_equal(GetFrameSourceAddress(wrong, &address, ADDRESS_TYPE_IP, 0),
                     NMERR_INVALID_HFRAME);
    assert_int_equal(GetFrameDestAddress(frame(0), NULL, ADDRESS_TYPE_ETHERNET, 0),
                     NMERR_INVALID_PARAMETER);
    assert_int_equal(GetFrameSrcAddressOffset(wrong, ADDRESS_TYPE_IP, &length), (DWORD)-1);
    assert_int_equal(length, 77);
    assert_false(CompareFrameSourceAddress(wrong, &address));
    assert_int_equal(GetProtocolStartOffset(wrong, (char[]){"IP"}), (DWORD)-1);
    assert_null(FindPropertyInstance(wrong, property("IP", "Version")));
}

static void protocols_are_described(void **state)
{
    DWORD count = 0;
    (void)state;
    LPPROTOCOLINFO info = GetProtocolInfo(protocol("tcp"));
    assert_string_equal((char *)info->ProtocolName, "TCP");
    assert_int_equal(info->PropertyDatabase->nProperties, protocol_tcp.field_count);
    LPPROTOCOLTABLE table = GetEnabledProtocols(supply_capture());
    const HPROTOCOL *handles =
        (const HPROTOCOL *)(const void *)((BYTE *)table + offsetof(PROTOCOLTABLE, hProtocol));
    LPLABELED_WORD labels = GetProtocolDescriptionTable(&count);
    assert_int_equal(count, PROTOCOLS);
    for (DWORD one = 0; one < PROTOCOLS; one++) {
        info = GetProtocolInfo(handles[one]);
        assert_int_equal(info->ProtocolID, labels[one].Value);
        assert_string_equal((char *)info->ProtocolName, labels[one].Label);
        assert_ptr_equal(GetProtocolDescription(info->ProtocolID), &labels[one]);
        LPPROPERTYINFO *infos = (LPPROPERTYINFO *)((BYTE *)info->PropertyDatabase +
                                                   offsetof(PROPERTYDATABASE, PropertyInfo));
        for (DWORD number = 0; number < info->PropertyDatabase->nProperties; number++) {
            assert_ptr_equal(GetPropertyInfo(infos[number]->hProperty), infos[number]);
            assert_true(GetProperty(handles[one], infos[number]->Label) ==
                        infos[number]->hProperty);
        }
    }
    assert_null(GetProtocolInfo(NULL));
    assert_null(GetProtocolInfo((HPROTOCOL)supply_capture()));
    assert_null(GetProtocolFromName(NULL));
    assert_null(protocol("SPX"));
    assert_null(GetProtocolDescription(0));
    assert_null(GetProtocolDescription(PROTOCOLS + 1));
    assert_null(GetPropertyInfo(0));
    assert_true(GetProperty(protocol("IP"), (char[]){"no such"}) == 0);
    assert_true(GetProperty(protocol("IP"), NULL) == 0);
    assert_true(GetProperty(NULL, (char[]){"Version"}) == 0);
}

static void descriptions_are_read_only(void **state)
{
    MEMORY_BASIC_INFORMATION region;
    (void)state;
    assert_int_equal(VirtualQuery(GetProtocolInfo(protocol("IP")), &region, sizeof region),
                     sizeof region);
    assert_int_equal(region.Protect, PAGE_READONLY);
}

static void protocols_start_somewhere(void **state)
{
    HFRAME handle = frame(first_tcp);
    DWORD previous = 0;
    (void)state;
    assert_int_equal(GetProtocolStartOffset(handle, (char[]){"ETHERNET"}), 0);
    assert_int_equal(GetProtocolStartOffset(handle, (char[]){"IP"}), 14);
    assert_int_equal(GetProtocolStartOffset(handle, (char[]){"TCP"}), 34);
    assert_int_equal(GetProtocolStartOffset(handle, (char[]){"UDP"}), (DWORD)-1);
    assert_int_equal(GetProtocolStartOffset(handle, NULL), (DWORD)-1);
    assert_int_equal(GetProtocolStartOffsetHandle(handle, protocol("TCP")), 34);
    assert_int_equal(GetProtocolStartOffsetHandle(handle, NULL), (DWORD)-1);
    assert_int_equal(GetProtocolStartOffset(frame(first_tcp6), (char[]){"TCP"}), 54);
    assert_int_equal(GetPreviousProtocolOffsetByName(handle, 34, (char[]){"IP"}, &previous), 0);
    assert_int_equal(previous, 14);
    assert_int_equal(GetPreviousProtocolOffsetByName(handle, 14, (char[]){"IP"}, &previous),
                     NMERR_PROTOCOL_NOT_FOUND);
    assert_int_equal(GetPreviousProtocolOffsetByName(handle, 34, (char[]){"DNS"}, &previous),
                     NMERR_PROTOCOL_NOT_FOUND);
}

static void frames_of_a_protocol_are_found(void **state)
{
    char tcp[] = "TCP", arp[] = "ARP_RARP";
    ADDRESS2 server = {.Type = ADDRESS_TYPE_IP, .IPAddress = {10, 20, 0, 10}};
    WORD offset = 0;
    (void)state;
    HFRAME found = FindNextFrame(frame(0), arp, NULL, NULL, &offset, 0, FRAMES);
    assert_int_equal(GetFrameNumber(found), ARP);
    assert_int_equal(offset, 14);
    assert_null(FindNextFrame(frame(0), arp, NULL, NULL, &offset, 0, ARP - 1));
    assert_int_equal(GetFrameNumber(FindNextFrame(frame(0), arp, NULL, NULL, NULL, 0, ARP)), ARP);
    found = FindNextFrame(frame(0), tcp, &server, NULL, &offset, 0, FRAMES);
    assert_true(CompareFrameDestAddress(found, &server));
    assert_false(CompareFrameSourceAddress(found, &server));
    HFRAME back = FindPreviousFrame(frame(FRAMES - 1), tcp, NULL, &server, &offset, FRAMES - 1, 0);
    assert_true(CompareFrameSourceAddress(back, &server));
    assert_null(FindPreviousFrame(frame(ARP), arp, NULL, NULL, &offset, ARP, 0));
    assert_null(FindNextFrame(frame(0), NULL, NULL, NULL, &offset, 0, FRAMES));
    assert_null(FindNextFrame(NULL, tcp, NULL, NULL, &offset, 0, FRAMES));
}

static void addresses_fit_the_older_structure(void **state)
{
    struct {
        ADDRESS address;
        BYTE behind[16];
    } old;
    static const BYTE canary[16] = {0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
                                    0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA};
    static const BYTE zeros[8];
    LPADDRESS2 address = (LPADDRESS2)(void *)&old.address;
    DWORD length = 0;
    (void)state;
    memset(&old, 0xAA, sizeof old);
    assert_int_equal(sizeof old.address, 16);
    assert_int_equal(GetFrameDestAddress(frame(first_tcp), address, ADDRESS_TYPE_IP, 0), 0);
    assert_int_equal(old.address.Type, ADDRESS_TYPE_IP);
    assert_memory_equal((BYTE *)&old.address + 8, zeros, 8);
    assert_memory_equal(old.behind, canary, 16);
    assert_true(CompareFrameDestAddress(frame(first_tcp), address));
    DWORD at = GetFrameDstAddressOffset(frame(first_tcp), ADDRESS_TYPE_IP, &length);
    assert_int_equal(at, 30);
    assert_int_equal(length, 4);
    assert_memory_equal(old.address.IPAddress, ParserTemporaryLockFrame(frame(first_tcp)) + at, 4);
    /* The highest: IP before MAC; IPv6 only by its name. */
    assert_int_equal(GetFrameSourceAddress(frame(first_tcp), address, ADDRESS_TYPE_FIND_HIGHEST, 0),
                     0);
    assert_int_equal(old.address.Type, ADDRESS_TYPE_IP);
    assert_int_equal(
        GetFrameSourceAddress(frame(first_tcp6), address, ADDRESS_TYPE_FIND_HIGHEST, 0), 0);
    assert_int_equal(old.address.Type, ADDRESS_TYPE_ETHERNET);
    assert_memory_equal(old.behind, canary, 16);
    assert_int_equal(GetFrameSourceAddress(frame(ARP), address, ADDRESS_TYPE_IP, 0),
                     NMERR_PROTOCOL_NOT_FOUND);
    assert_int_equal(GetFrameSourceAddress(frame(ARP), address, ADDRESS_TYPE_IPX, 0),
                     NMERR_PROTOCOL_NOT_FOUND);
    assert_int_equal(GetFrameSourceAddress(frame(ARP), address, 4711, 0), NMERR_PROTOCOL_NOT_FOUND);
    ADDRESS2 large;
    assert_int_equal(GetFrameSourceAddress(frame(first_tcp6), &large, ADDRESS_TYPE_IP6, 0), 0);
    assert_int_equal(large.Type, ADDRESS_TYPE_IP6);
    assert_memory_equal(large.IP6Address, "\xFD\x00\x00\x20", 4);
    assert_int_equal(large.Flags, 0);
}

static void group_bits_are_cleared_where_that_is_asked_for(void **state)
{
    ADDRESS2 address;
    (void)state;
    assert_int_equal(GetFrameDestAddress(frame(ARP), &address, ADDRESS_TYPE_ETHERNET, 0), 0);
    assert_memory_equal(address.MACAddress, "\xFF\xFF\xFF\xFF\xFF\xFF", 6);
    assert_int_equal(
        GetFrameDestAddress(frame(ARP), &address, ADDRESS_TYPE_ETHERNET,
                            ADDRESSTYPE_FLAGS_NORMALIZE | ADDRESSTYPE_FLAGS_BIT_REVERSE),
        0);
    assert_memory_equal(address.MACAddress, "\xFE\xFF\xFF\xFF\xFF\xFF", 6);
}

static void instances_are_found_in_both_directions(void **state)
{
    HPROPERTY nop = property("TCP", "Option Nop"), summary = property("TCP", "Summary");
    HFRAME handle = frame(first_with("TCP.Option Nop and not TCP.Maximum Segment Size Option"));
    LPPROPERTYINST instances[8], at = NULL, restart = NULL;
    int count = 0;
    (void)state;
    /* As in the SDK's sample: the property found is the key too. */
    while ((at = FindPropertyInstanceRestart(handle, nop, &at, TRUE)) != NULL)
        instances[count++] = at;
    assert_int_equal(count, 2);
    assert_ptr_equal(FindPropertyInstance(handle, nop), instances[0]);
    assert_ptr_equal(FindPropertyInstanceRestart(handle, nop, NULL, TRUE), instances[0]);
    assert_ptr_equal(FindPropertyInstanceRestart(handle, nop, NULL, FALSE), instances[1]);
    assert_ptr_equal(FindPropertyInstanceRestart(handle, nop, &restart, FALSE), instances[1]);
    assert_ptr_equal(FindPropertyInstanceRestart(handle, nop, &restart, FALSE), instances[0]);
    assert_null(FindPropertyInstanceRestart(handle, nop, &restart, FALSE));
    restart = (LPPROPERTYINST)(ULONG_PTR)0x10; /* none */
    assert_null(FindPropertyInstanceRestart(handle, nop, &restart, TRUE));
    restart = (LPPROPERTYINST)(void *)((BYTE *)instances[0] + 1);
    assert_null(FindPropertyInstanceRestart(handle, nop, &restart, TRUE));
    assert_null(FindPropertyInstance(handle, 0));
    assert_null(FindPropertyInstance(NULL, nop));
    assert_int_equal(FindPropertyInstance(handle, summary)->Level, 0);
    assert_int_equal(instances[0]->Level, 2);
}

static void attached_properties_lie_in_a_table(void **state)
{
    EXPERTFRAMEDESCRIPTOR found;
    (void)state;
    assert_int_equal(
        ExpertGetFrame(key, GET_SPECIFIED_FRAME, FLAGS_ATTACH_PROPERTIES, ARP, NULL, &found), 0);
    PROPERTYTABLE *table = found.lpPropertyTable;
    assert_non_null(table);
    const PROPERTYINSTTABLE *tables =
        (const PROPERTYINSTTABLE *)((BYTE *)table + offsetof(PROPERTYTABLE, PropertyInstTable));
    assert_int_equal(table->nPropertyInstTables, 2);
    assert_int_equal(table->nTotalPropertyInsts, 5 + 10);
    assert_int_equal(tables[0].nPropertyInsts, 5);
    assert_int_equal(tables[1].nPropertyInstIndex, 5);
    assert_int_equal(tables[1].nPropertyInsts, 10);
    LPPROPERTYINST opcode = FindPropertyInstance(found.hFrame, property("ARP_RARP", "Opcode"));
    assert_true(opcode >= table->lpFirstPropertyInst &&
                opcode < table->lpFirstPropertyInst + table->nTotalPropertyInsts);
    assert_int_equal(opcode->IFlags, IFLAG_SWAPPED);
    assert_int_equal(opcode->DataLength, 2);
    assert_ptr_equal(opcode->lpData,
                     (BYTE *)(ULONG_PTR)found.pFrame + offsetof(FRAME, MacFrame) + 14 + 6);
    /* Calls for another frame do not change them. */
    (void)FindPropertyInstance(frame(0), property("ETHERNET", "Summary"));
    assert_ptr_equal(FindPropertyInstance(found.hFrame, property("ARP_RARP", "Opcode")), opcode);
    assert_int_equal(table->nTotalPropertyInsts, 15);
}

static void one_more_property_can_be_attached(void **state)
{
    HPROPERTY reason = property("HTTP", "Reason");
    EXPERTFRAMEDESCRIPTOR found;
    BYTE data[4] = {1, 2, 3, 4};
    DWORD bytes = 0;
    (void)state;
    assert_int_equal(
        ExpertGetFrame(key, GET_SPECIFIED_FRAME, FLAGS_ATTACH_PROPERTIES, ARP, NULL, &found), 0);
    assert_null(FindPropertyInstance(found.hFrame, reason));
    assert_true(AttachPropertyInstance(found.hFrame, reason, 4, data, 5, 3, IFLAG_ERROR));
    LPPROPERTYINST instance = FindPropertyInstance(found.hFrame, reason);
    assert_ptr_equal(instance->lpData, data);
    assert_int_equal(instance->HelpID, 5);
    assert_int_equal(instance->Level, 3);
    assert_int_equal(instance->IFlags, IFLAG_ERROR);
    assert_true(
        AttachPropertyInstanceEx(found.hFrame, reason, 4, data, 3, (ULPVOID) "abc", 0, 0, 0));
    assert_true(AttachPropertyInstanceEx(found.hFrame, reason, 4, data, 0, NULL, 0, 0, 0));
    instance = FindPropertyInstanceRestart(found.hFrame, reason, &instance, TRUE);
    assert_int_equal(instance->DataLength, (WORD)-1);
    assert_int_equal(instance->lpPropertyInstEx->Length, 4);
    assert_memory_equal(property_data(instance, &bytes), "abc", 3);
    assert_int_equal(bytes, 3);
    assert_int_equal(found.lpPropertyTable->nPropertyInstTables, 3);
    assert_int_equal(found.lpPropertyTable->nTotalPropertyInsts, 18);
    assert_int_equal(ResetPropertyInstanceLength(instance, 4, 2), NMERR_SUCCESS);
    assert_int_equal(instance->lpPropertyInstEx->Length, 2);
    assert_int_equal(ResetPropertyInstanceLength(instance, 4, 2), NMERR_INVALID_PARAMETER);
    assert_false(AttachPropertyInstance(found.hFrame, 0, 4, data, 0, 0, 0));
    assert_false(AttachPropertyInstance(NULL, reason, 4, data, 0, 0, 0));
    assert_false(AttachPropertyInstanceEx(found.hFrame, reason, 4, data, 0x10000, data, 0, 0, 0));
    while (AttachPropertyInstanceEx(found.hFrame, reason, 4, data, 3, (ULPVOID) "abc", 0, 0, 0)) {
    }
    assert_true(found.lpPropertyTable->nTotalPropertyInsts > 300); /* until it is full */
    /* They are valid until the next frame. */
    assert_int_equal(
        ExpertGetFrame(key, GET_SPECIFIED_FRAME, FLAGS_ATTACH_PROPERTIES, ARP, NULL, &found), 0);
    assert_null(FindPropertyInstance(found.hFrame, reason));
}

static const char *text_of(HFRAME handle, const char *name, const char *label)
{
    static char text[600];
    LPPROPERTYINST instance = FindPropertyInstance(handle, property(name, label));
    assert_non_null(instance);
    assert_ptr_equal(GetPropertyText(handle, instance, text, sizeof text), text);
    return text;
}

static void properties_have_text(void **state)
{
    HFRAME arp = frame(ARP), tcp = frame(first_tcp);
    (void)state;
    assert_string_equal(text_of(arp, "ETHERNET", "Destination address"),
                        "Destination address = FFFFFFFFFFFF");
    assert_string_equal(text_of(arp, "ETHERNET", "Ethernet Type"),
                        "Ethernet Type = ARP: Address Resolution Protocol");
    assert_string_equal(text_of(arp, "ARP_RARP", "Opcode"), "Opcode = Request");
    assert_string_equal(text_of(arp, "ARP_RARP", "Hardware Address Length"),
                        "Hardware Address Length = 6 (0x6)");
    assert_string_equal(text_of(arp, "ARP_RARP", "Summary"), "Summary = Address resolution");
    assert_string_equal(text_of(tcp, "IP", "Version"), "Version = 4 (0x4)");
    assert_string_equal(text_of(tcp, "TCP", "Options"), "Options");
    assert_string_equal(text_of(tcp, "IP", "Flags Summary"),
                        ".......0 = Last fragment in datagram\r\n"
                        "......1. = Cannot fragment datagram");
    assert_string_equal(text_of(frame(first_tcp6), "IP6", "Hop Limit"), "Hop Limit = 64 (0x40)");
    assert_memory_equal(text_of(frame(first_tcp6), "IP6", "Source Address"),
                        "Source Address = fd00:20::", 26);
    assert_memory_equal(text_of(tcp, "IP", "Source Address"), "Source Address = 10.20.0.", 25);
    assert_string_equal(text_of(frame(first_with("HTTP.Request Method")), "HTTP", "Request Method"),
                        "Request Method = GET");
}

static void text_is_cut_where_its_buffer_ends(void **state)
{
    HFRAME arp = frame(ARP);
    LPPROPERTYINST opcode = FindPropertyInstance(arp, property("ARP_RARP", "Opcode"));
    char text[10];
    (void)state;
    memset(text, 'x', sizeof text);
    assert_ptr_equal(GetPropertyText(arp, opcode, text, 8), text);
    assert_string_equal(text, "Opcode ");
    assert_int_equal(text[8], 'x');
    assert_null(GetPropertyText(arp, opcode, text, 0));
    assert_null(GetPropertyText(arp, opcode, NULL, 8));
    assert_null(GetPropertyText(arp, NULL, text, 8));
    assert_null(GetPropertyText(arp, (LPPROPERTYINST)(ULONG_PTR)0x20, text, 8));
    assert_null(GetPropertyText(NULL, opcode, text, 8));
}

static void instances_are_formatted_in_place(void **state)
{
    EXPERTFRAMEDESCRIPTOR found;
    char own[100] = "";
    (void)state;
    assert_int_equal(
        ExpertGetFrame(key, GET_SPECIFIED_FRAME, FLAGS_ATTACH_PROPERTIES, ARP, NULL, &found), 0);
    LPPROPERTYINST opcode = FindPropertyInstance(found.hFrame, property("ARP_RARP", "Opcode"));
    assert_null(opcode->szPropertyText);
    assert_int_equal(FormatPropertyInstance(opcode), NMERR_SUCCESS);
    assert_string_equal(opcode->szPropertyText, "Opcode = Request");
    opcode->szPropertyText = own;
    FormatPropertyDataAsWord(opcode, 10);
    assert_string_equal(own, "Opcode = 1");
    FormatPropertyDataAsWord(opcode, 16);
    assert_string_equal(own, "Opcode = 0x1");
    FormatLabeledWordSet(opcode);
    assert_string_equal(own, "Opcode = Request");
    FormatPropertyDataAsHexString(opcode);
    assert_string_equal(own, "Opcode = 00 01");
    LPPROPERTYINST length =
        FindPropertyInstance(found.hFrame, property("ARP_RARP", "Hardware Address Length"));
    length->szPropertyText = own;
    FormatPropertyDataAsByte(length, 0);
    assert_string_equal(own, "Hardware Address Length = 6 (0x6)");
    FormatPropertyDataAsDword(length, 10); /* too short for that */
    assert_string_equal(own, "Hardware Address Length = 0");
    assert_int_equal(FormatPropertyInstance(NULL), NMERR_INVALID_PARAMETER);
    FormatPropertyDataAsString(NULL);
    FormatLabeledByteSet(NULL);
}

/* Qualifiers that no table here uses: instances as an expert may make them. */
static void the_generic_formatter_knows_its_page(void **state)
{
    static RANGE range = {1, 20};
    static BYTE members[] = {9, 10};
    LABELED_BIT bits[] = {{0, (char[]){"off"}, (char[]){"on"}},
                          {3, (char[]){"Off"}, (char[]){"On"}}};
    SET set = {2, {members}}, flags = {2, {bits}};
    BYTE ten[8] = {10};
    SYSTEMTIME time = {2026, 11, 0, 29, 20, 5, 6, 7};
    char text[200];
    PROPERTYINFO info = {
        .Label = (char[]){"L"}, .DataType = PROP_TYPE_BYTE, .FormatStringSize = sizeof text};
    PROPERTYINST one = {
        .lpPropertyInfo = &info, .szPropertyText = text, .lpData = ten, .DataLength = 1};
    (void)state;
    assert_int_equal(FormatPropertyInstance(&one), NMERR_SUCCESS);
    assert_string_equal(text, "L = 10 (0xa)");
    info.DataQualifier = PROP_QUAL_RANGE;
    info.lpRange = &range;
    assert_int_equal(FormatPropertyInstance(&one), NMERR_SUCCESS);
    assert_string_equal(text, "L = 10 (0xa) Range:(1 (0x1) - 20 (0x14))");
    info.DataQualifier = PROP_QUAL_SET;
    info.lpSet = &set;
    assert_int_equal(FormatPropertyInstance(&one), NMERR_SUCCESS);
    assert_string_equal(text, "L = 10 (0xa) Matches Set Value");
    ten[0] = 11;
    assert_int_equal(FormatPropertyInstance(&one), NMERR_SUCCESS);
    assert_string_equal(text, "L = 11 (0xb) Unknown Set Value");
    info.DataQualifier = PROP_QUAL_FLAGS;
    info.lpSet = &flags;
    ten[0] = 8;
    assert_int_equal(FormatPropertyInstance(&one), NMERR_SUCCESS);
    assert_string_equal(text, ".......0 = off\r\n....1... = On");
    FormatLabeledByteSetAsFlags(&one);
    assert_string_equal(text, ".......0 = off\r\n....1... = On");
    info.DataQualifier = PROP_QUAL_CONST;
    assert_int_equal(FormatPropertyInstance(&one), NMERR_SUCCESS);
    assert_string_equal(text, "L = ");
    info.DataQualifier = PROP_QUAL_ARRAY;
    info.DataType = PROP_TYPE_WORD;
    one.DataLength = 4;
    assert_int_equal(FormatPropertyInstance(&one), NMERR_SUCCESS);
    assert_string_equal(text, "L = 0008 0000");
    info.DataQualifier = PROP_QUAL_NONE;
    info.DataType = PROP_TYPE_LARGEINT;
    one.DataLength = 8;
    FormatPropertyDataAsInt64(&one, 10);
    assert_string_equal(text, "L = 8");
    info.DataType = PROP_TYPE_STRING;
    one.lpData = (LPVOID)(ULONG_PTR) "a\tb";
    one.DataLength = 3;
    assert_int_equal(FormatPropertyInstance(&one), NMERR_SUCCESS);
    assert_string_equal(text, "L = a.b");
    one.lpData = (LPVOID)(ULONG_PTR)L"wide";
    one.DataLength = 8;
    one.IFlags = IFLAG_UNICODE;
    FormatPropertyDataAsString(&one);
    assert_string_equal(text, "L = wide");
    one.IFlags = 0;
    info.DataType = PROP_TYPE_TIME;
    one.lpData = &time;
    one.DataLength = sizeof time;
    assert_int_equal(FormatPropertyInstance(&one), NMERR_SUCCESS);
    assert_string_equal(text, "L = 2026-11-29 20:05:06.007");
    FormatPropertyDataAsTime(&one);
    assert_string_equal(text, "L = 2026-11-29 20:05:06.007");
    info.DataType = PROP_TYPE_OBJECT_IDENTIFIER;
    assert_int_equal(FormatPropertyInstance(&one), NMERR_NOT_SUPPORTED);
    info.FormatStringSize = 3;
    info.DataType = PROP_TYPE_RAW_DATA;
    info.Label = (char[]){"Long"};
    assert_int_equal(FormatPropertyInstance(&one), NMERR_SUCCESS);
    assert_string_equal(text, "Lo");
}

static void startup_information_names_a_place(void **state)
{
    EXPERTSTARTUPINFO startup = {.hCapture = supply_capture()}, told;
    (void)state;
    lstrcpyA(startup.szCaptureFile, "x.cap");
    supply_tell_startup(&startup);
    assert_int_equal(ExpertGetStartupInfo(key, &told), NMERR_SUCCESS);
    assert_int_equal(told.Flags, 0);
    assert_null(told.hProtocol);
    assert_string_equal(told.szCaptureFile, "x.cap");
    assert_int_equal(supply_startup(first_tcp, "TCP", "Flags", 1, &startup), NMERR_SUCCESS);
    supply_tell_startup(&startup);
    assert_int_equal(ExpertGetStartupInfo(key, &told), NMERR_SUCCESS);
    assert_int_equal(told.Flags, EXPERT_STARTUP_FLAG_USE_STARTUP_DATA_OVER_CONFIG_DATA);
    assert_int_equal(told.dwFrameNumber, first_tcp);
    assert_ptr_equal(told.hProtocol, protocol("TCP"));
    assert_string_equal(told.lpPropertyInst->lpPropertyInfo->Label, "Flags");
    assert_int_equal(told.sBitfield.BitNumber, 1);
    assert_true(told.sBitfield.bOn); /* a connection's first segment */
    assert_ptr_equal(told.hCapture, supply_capture());
    assert_int_equal(supply_startup(first_tcp, "TCP", NULL, -1, &startup), NMERR_SUCCESS);
    assert_null(startup.lpPropertyInst);
    assert_int_equal(supply_startup(FRAMES, NULL, NULL, -1, &startup), NMERR_FRAME_NOT_FOUND);
    assert_int_equal(supply_startup(0, "X", NULL, -1, &startup), NMERR_PROTOCOL_NOT_FOUND);
    assert_int_equal(supply_startup(0, "TCP", "X", -1, &startup), NMERR_PROPERTY_NOT_FOUND);
    assert_int_equal(supply_startup(ARP, "TCP", "Flags", -1, &startup), NMERR_FRAME_FAILED_FILTER);
    assert_int_equal(supply_first_frame("TCP", "Flags"), first_tcp);
    assert_int_equal(supply_first_frame("SNAP", "Ethernet Type"), CAPTURE_NO_FRAME);
    assert_int_equal(supply_first_frame("TCP", "X"), CAPTURE_NO_FRAME);
    assert_int_equal(supply_first_frame("X", "Flags"), CAPTURE_NO_FRAME);
    assert_int_equal(ExpertGetStartupInfo(key, NULL), NMERR_INVALID_PARAMETER);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_capture_tells_about_itself),
        cmocka_unit_test(a_files_comment_is_asked_for_by_name),
        cmocka_unit_test(a_frame_tells_about_itself),
        cmocka_unit_test(a_wrong_frame_is_told_by_the_pages_values),
        cmocka_unit_test(protocols_are_described),
        cmocka_unit_test(descriptions_are_read_only),
        cmocka_unit_test(protocols_start_somewhere),
        cmocka_unit_test(frames_of_a_protocol_are_found),
        cmocka_unit_test(addresses_fit_the_older_structure),
        cmocka_unit_test(group_bits_are_cleared_where_that_is_asked_for),
        cmocka_unit_test(instances_are_found_in_both_directions),
        cmocka_unit_test(attached_properties_lie_in_a_table),
        cmocka_unit_test(one_more_property_can_be_attached),
        cmocka_unit_test(properties_have_text),
        cmocka_unit_test(text_is_cut_where_its_buffer_ends),
        cmocka_unit_test(instances_are_formatted_in_place),
        cmocka_unit_test(the_generic_formatter_knows_its_page),
        cmocka_unit_test(startup_information_names_a_place),
    };
    if (count != 2)
        return 2;
    capture = arguments[1];
    return cmocka_run_group_tests(tests, open_host, close_host);
}
