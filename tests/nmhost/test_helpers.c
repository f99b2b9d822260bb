/* test_helpers.c - the supplied functions that only compute, called as an expert calls them:
   through Nmapi.dll. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <windows.h>

#include <cmocka.h>

#include "ber.h"
#include "supply.h"

static const char *capture;
static LIBRARY library;
static const HEXPERTKEY key = (HEXPERTKEY)(ULONG_PTR)0x55;

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

static void ber_headers_are_decoded(void **state)
{
    BYTE short_form[] = {0x30, 0x03, 1, 2, 3};
    BYTE long_form[] = {0x64, 0x82, 0x01, 0x02, 0xFF};
    BYTE indefinite[] = {0x30, 0x80, 0, 0}, long_tag[] = {0x1F, 0x81, 0x01, 0x00};
    BYTE too_long[] = {0x30, 0x85, 1, 1, 1, 1, 1};
    BYTE tag = 0, *next = NULL;
    DWORD header = 0, bytes = 0;
    (void)state;
    assert_true(BERGetHeader(short_form, &tag, &header, &bytes, &next));
    assert_int_equal(tag, 0x30);
    assert_int_equal(header, 2);
    assert_int_equal(bytes, 3);
    assert_ptr_equal(next, short_form + 2);
    assert_true(BERGetHeader(long_form, &tag, &header, &bytes, &next));
    assert_int_equal(tag, 0x64);
    assert_int_equal(header, 4);
    assert_int_equal(bytes, 0x102);
    assert_ptr_equal(next, long_form + 4);
    assert_true(BERGetHeader(short_form, NULL, NULL, NULL, NULL));
    assert_false(BERGetHeader(indefinite, &tag, &header, &bytes, &next));
    assert_false(BERGetHeader(long_tag, &tag, &header, &bytes, &next));
    assert_false(BERGetHeader(too_long, &tag, &header, &bytes, &next));
    assert_false(BERGetHeader(NULL, &tag, &header, &bytes, &next));
}

static void ber_integers_and_strings_are_found(void **state)
{
    BYTE integer[] = {0x02, 0x02, 0x12, 0x34, 0x04}, string[] = {0x04, 0x03, 'a', 'b', 'c', 0x05};
    BYTE empty[] = {0x02, 0x00};
    BYTE *value = NULL, *next = NULL;
    DWORD header = 0, bytes = 0;
    (void)state;
    assert_true(BERGetInteger(integer, &value, &header, &bytes, &next));
    assert_ptr_equal(value, integer + 2);
    assert_int_equal(bytes, 2);
    assert_ptr_equal(next, integer + 4);
    assert_false(BERGetInteger(string, &value, &header, &bytes, &next));
    assert_false(BERGetInteger(empty, &value, &header, &bytes, &next));
    assert_true(BERGetString(string, &value, &header, &bytes, &next));
    assert_memory_equal(value, "abc", 3);
    assert_int_equal(bytes, 3);
    assert_ptr_equal(next, string + 5);
    assert_false(BERGetString(integer, &value, &header, &bytes, &next));
}

/* 1.3.6.1.4.1.311.21.20, and what the first number may be. */
static void object_identifiers_are_decoded(void **state)
{
    BYTE microsoft[] = {0x2B, 6, 1, 4, 1, 0x82, 0x37, 21, 20}, joint[] = {0x88, 0x37};
    BYTE unfinished[] = {0x2B, 0x86}, huge[] = {0x2B, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F};
    static const DWORD numbers[] = {1, 3, 6, 1, 4, 1, 311, 21, 20};
    DWORD room[16];
    OBJECT_IDENTIFIER oid = {16, room};
    (void)state;
    assert_int_equal(ber_decode_identifier(microsoft, sizeof microsoft, &oid), NMERR_SUCCESS);
    assert_int_equal(oid.Length, 9);
    assert_memory_equal(room, numbers, sizeof numbers);
    oid.Length = 9;
    assert_int_equal(ber_decode_identifier(microsoft, sizeof microsoft, &oid), NMERR_SUCCESS);
    oid.Length = 8;
    assert_int_equal(ber_decode_identifier(microsoft, sizeof microsoft, &oid),
                     NMERR_BUFFER_TOO_SMALL);
    oid.Length = 1;
    assert_int_equal(ber_decode_identifier(joint, sizeof joint, &oid), NMERR_BUFFER_TOO_SMALL);
    oid.Length = 2;
    assert_int_equal(ber_decode_identifier(joint, sizeof joint, &oid), NMERR_SUCCESS);
    assert_int_equal(room[0], 2);
    assert_int_equal(room[1], 999);
    oid.Length = 16;
    assert_int_equal(ber_decode_identifier(unfinished, sizeof unfinished, &oid),
                     NMERR_INVALID_DATA);
    assert_int_equal(ber_decode_identifier(huge, sizeof huge, &oid), NMERR_INVALID_DATA);
    assert_int_equal(ber_decode_identifier(NULL, 1, &oid), NMERR_INVALID_PARAMETER);
    assert_int_equal(ber_decode_identifier(joint, 0, &oid), NMERR_INVALID_PARAMETER);
}

static void unicode_becomes_text_of_at_most_a_path(void **state)
{
    static WCHAR wide[1000];
    char text[MAX_PATH + 8];
    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(ber_format_unicode(text, L"abc\0def", 14), 3);
    assert_string_equal(text, "abc");
    assert_int_equal(ber_format_unicode(text, L"abc", 4), 2);
    assert_string_equal(text, "ab");
    assert_int_equal(ber_format_unicode(text, NULL, 4), 0);
    assert_int_equal(ber_format_unicode(NULL, L"abc", 4), 0);
    for (int at = 0; at < 1000; at++)
        wide[at] = 'w';
    memset(text, 'x', sizeof text);
    assert_int_equal(ber_format_unicode(text, wide, sizeof wide), MAX_PATH - 1);
    assert_int_equal(text[MAX_PATH - 1], '\0');
    assert_int_equal(text[MAX_PATH], 'x');
}

static void labels_are_looked_up(void **state)
{
    LABELED_BYTE bytes[] = {{1, (char[]){"one"}}, {2, (char[]){"two"}}};
    LABELED_WORD words[] = {{300, (char[]){"many"}}};
    LABELED_DWORD dwords[] = {{70000, (char[]){"more"}}};
    SET set = {2, {bytes}};
    (void)state;
    assert_string_equal((char *)LookupByteSetString(&set, 2), "two");
    assert_null(LookupByteSetString(&set, 3));
    set = (SET){1, {words}};
    assert_string_equal((char *)LookupWordSetString(&set, 300), "many");
    assert_null(LookupWordSetString(&set, 301));
    set = (SET){1, {dwords}};
    assert_string_equal((char *)LookupDwordSetString(&set, 70000), "more");
    assert_null(LookupDwordSetString(&set, 0));
    assert_null(LookupByteSetString(NULL, 1));
}

static void small_integers_are_of_any_length(void **state)
{
    BYTE value[] = {0x12, 0x34, 0x56};
    DWORD number = 9;
    (void)state;
    assert_ptr_equal(VarLenSmallIntToDword(value, 3, TRUE, &number), &number);
    assert_int_equal(number, 0x123456);
    (void)VarLenSmallIntToDword(value, 3, FALSE, &number);
    assert_int_equal(number, 0x563412);
    (void)VarLenSmallIntToDword(value, 0, FALSE, &number);
    assert_int_equal(number, 0);
}

static void numbers_become_binary_and_flags(void **state)
{
    char text[40];
    (void)state;
    assert_int_equal(ByteToBinary(text, 0xA5), 8);
    assert_string_equal(text, "10100101");
    assert_int_equal(WordToBinary(text, 0x8001), 16);
    assert_string_equal(text, "1000000000000001");
    assert_int_equal(DwordToBinary(text, 0x80000003), 32);
    assert_string_equal(text, "10000000000000000000000000000011");
    assert_int_equal(FormatByteFlags(text, 0x82, 0x83), 8);
    assert_string_equal(text, "1.....10");
    assert_int_equal(FormatWordFlags(text, 1, 1), 16);
    assert_string_equal(text, "...............1");
    assert_int_equal(FormatDwordFlags(text, 0, 0x80000000), 32);
    assert_string_equal(text, "0...............................");
    assert_int_equal(ByteToBinary(NULL, 1), 0);
}

static void hexadecimal_has_one_form(void **state)
{
    UCHAR bytes[] = {0x0A, 0xFF}, text[8];
    char string[16];
    (void)state;
    CanonicalizeHexString((char[]){"0xab-c"}, string, 6);
    assert_string_equal(string, "000ABC");
    CanonicalizeHexString((char[]){"123456"}, string, 4);
    assert_string_equal(string, "3456");
    CanonHex(text, bytes, 2, TRUE);
    assert_string_equal((char *)text, "0x0aff");
    CanonHex(text, bytes, 2, FALSE);
    assert_string_equal((char *)text, "0aff");
}

static void times_are_moved_and_written(void **state)
{
    SYSTEMTIME time = {2026, 12, 4, 31, 23, 59, 59, 999};
    char text[32];
    (void)state;
    assert_ptr_equal(AdjustSystemTime(&time, 1000), &time);
    assert_ptr_equal(FormatTimeAsString(&time, text), text);
    assert_string_equal(text, "2027-01-01 00:00:00.000");
    assert_int_equal(time.wDayOfWeek, 5);
    (void)AdjustSystemTime(&time, -86400000000);
    assert_string_equal(FormatTimeAsString(&time, text), "2026-12-31 00:00:00.000");
    assert_null(FormatTimeAsString(NULL, text));
}

static void mac_addresses_have_a_notation(void **state)
{
    BYTE address[6] = {0x00, 0xA0, 0xC9, 0x12, 0x34, 0x5F}, read[6] = {0};
    char text[16];
    (void)state;
    assert_ptr_equal(AddressToString(text, address), text);
    assert_string_equal(text, "00A0C912345F");
    assert_ptr_equal(StringToAddress(read, text), read);
    assert_memory_equal(read, address, 6);
    memset(read, 0, 6);
    assert_ptr_equal(StringToAddress(read, (char[]){"00-a0-c9:12 34 5f"}), read);
    assert_memory_equal(read, address, 6);
    assert_null(StringToAddress(read, (char[]){"00A0C91234"}));
    assert_null(StringToAddress(read, (char[]){"00A0C912345F00"}));
    assert_null(StringToAddress(read, (char[]){"00A0C912345G"}));
    assert_memory_equal(read, address, 6);
}

static void addresses_are_ordered(void **state)
{
    ADDRESS2 one = {.Type = ADDRESS_TYPE_IP, .IPAddress = {10, 0, 0, 1}}, other = one;
    (void)state;
    other.Flags = 3; /* is not read */
    other.IP6Address[7] = 9;
    assert_int_equal(CompareAddresses(&one, &other), 0);
    other.IPAddress[3] = 2;
    assert_true(CompareAddresses(&one, &other) < 0);
    assert_true(CompareAddresses(&other, &one) > 0);
    other.Type = ADDRESS_TYPE_ETHERNET;
    assert_true(CompareAddresses(&one, &other) > 0);
    one.Type = other.Type = ADDRESS_TYPE_IP6;
    assert_int_not_equal(CompareAddresses(&one, &other), 0);
    assert_true(CompareAddresses(NULL, &one) < 0);
    assert_int_equal(CompareAddresses(NULL, NULL), 0);
}

static void mac_types_and_address_types_belong_together(void **state)
{
    (void)state;
    assert_int_equal(MacTypeToAddressType(MAC_TYPE_ETHERNET), ADDRESS_TYPE_ETHERNET);
    assert_int_equal(MacTypeToAddressType(MAC_TYPE_TOKENRING), ADDRESS_TYPE_TOKENRING);
    assert_int_equal(MacTypeToAddressType(MAC_TYPE_FDDI), ADDRESS_TYPE_FDDI);
    assert_int_equal(MacTypeToAddressType(MAC_TYPE_UNKNOWN), (DWORD)-1);
    assert_int_equal(MacTypeToAddressType(99), (DWORD)-1);
    assert_int_equal(AddressTypeToMacType(ADDRESS_TYPE_FDDI), MAC_TYPE_FDDI);
    assert_int_equal(AddressTypeToMacType(ADDRESS_TYPE_IP), MAC_TYPE_UNKNOWN);
}

static void link_headers_are_measured(void **state)
{
    BYTE ethernet[32] = {0}, snap[32] = {0}, ring[40] = {0}, fddi[32] = {0};
    (void)state;
    ethernet[12] = 8;
    assert_int_equal(GetMacHeaderLength(ethernet, MAC_TYPE_ETHERNET), 14);
    assert_int_equal(GetEtype(ethernet, MAC_TYPE_ETHERNET), 0x800);
    assert_false(IsLLCPresent(ethernet, MAC_TYPE_ETHERNET));
    assert_int_equal(GetSaps(ethernet, MAC_TYPE_ETHERNET), 0);
    memcpy(snap + 12, "\x00\x20\xAA\xAA\x03\x00\x00\x00\x86\xDD", 10);
    assert_true(IsLLCPresent(snap, MAC_TYPE_ETHERNET));
    assert_int_equal(GetEtype(snap, MAC_TYPE_ETHERNET), 0x86DD);
    assert_int_equal(GetSaps(snap, MAC_TYPE_ETHERNET), 0xAAAA);
    assert_int_equal(GetLLCHeaderLength((LPLLC)(void *)(snap + 14)), 3);
    assert_int_equal(GetLLCHeaderLength((LPLLC)(void *)ethernet), 4);
    ring[1] = 0x40;
    ring[8] = 0x80; /* routing information of 6 bytes */
    ring[14] = 0x06;
    memcpy(ring + 20, "\xE0\xF0\x03", 3);
    assert_int_equal(GetMacHeaderLength(ring, MAC_TYPE_TOKENRING), 20);
    assert_int_equal(GetSaps(ring, MAC_TYPE_TOKENRING), 0xF0E0);
    fddi[0] = 0x50;
    assert_int_equal(GetMacHeaderLength(fddi, MAC_TYPE_FDDI), 13);
    assert_true(IsLLCPresent(fddi, MAC_TYPE_FDDI));
    assert_int_equal(GetMacHeaderLength(fddi, MAC_TYPE_UNKNOWN), 0);
}

static void ipv6_addresses_have_one_notation(void **state)
{
    static const struct {
        const char *text;
        BYTE address[16];
        const char *other; /* the same one, read too */
    } cases[] = {
        {"::", {0}, "0:0:0:0:0:0:0:0"},
        {"::1", {[15] = 1}, "0000:0:0:0:0:0:0:0001"},
        {"fe80::1", {0xFE, 0x80, [15] = 1}, "FE80:0:0:0:0:0:0:1"},
        {"2001:db8:0:1::2", {0x20, 1, 0x0D, 0xB8, 0, 0, 0, 1, [15] = 2}, "2001:db8::1:0:0:0:2"},
        {"1::", {0, 1}, "1:0::"},
        {"1:2:3:4:5:6:7:8",
         {0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8},
         "1:2:3:4:5:6:0.7.0.8"},
        {"::ffff:10.0.0.1", {[10] = 0xFF, 0xFF, 10, 0, 0, 1}, "::ffff:a00:1"},
        {"::10.0.0.1", {[12] = 10, 0, 0, 1}, "::a00:1"},
    };
    static const char *const wrong[] = {
        "",        ":",   "1",    "1:2:3:4:5:6:7", "12345::", "::g", "1:2:3:4:5:6:7::8",
        "1.2.3.4", ":::", "1:::2"};
    char text[64];
    WCHAR wide[64];
    BYTE address[16];
    (void)state;
    for (size_t one = 0; one < sizeof cases / sizeof *cases; one++) {
        LPCSTR end;
        LPCWSTR wide_end;
        LPSTR text_end = NMRtlIpv6AddressToStringA(cases[one].address, text);
        assert_string_equal(text, cases[one].text);
        assert_int_equal(*text_end, '\0');
        assert_int_equal(text_end - text, strlen(text));
        assert_int_equal(NMRtlIpv6StringToAddressA(text, &end, address), 0);
        assert_memory_equal(address, cases[one].address, 16);
        assert_ptr_equal(end, text_end);
        assert_int_equal(NMRtlIpv6StringToAddressA(cases[one].other, &end, address), 0);
        assert_memory_equal(address, cases[one].address, 16);
        LPWSTR last = NMRtlIpv6AddressToStringW(cases[one].address, wide);
        assert_int_equal(last - wide, strlen(text));
        assert_int_equal(NMRtlIpv6StringToAddressW(wide, &wide_end, address), 0);
        assert_memory_equal(address, cases[one].address, 16);
        assert_ptr_equal(wide_end, last);
    }
    for (size_t one = 0; one < sizeof wrong / sizeof *wrong; one++) {
        LPCSTR end = NULL;
        ULONG status = NMRtlIpv6StringToAddressA(wrong[one], &end, address);
        /* Or it stops before the wrong part, and reports where. */
        if (status == 0 && *end == '\0')
            print_message("'%s'\n", wrong[one]);
        assert_true(status != 0 || *end != '\0');
    }
}

static void the_heap_is_the_experts(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    (void)state;
    char *memory = CCHeapAlloc(100, TRUE);
    assert_non_null(memory);
    assert_int_equal(memory[99], 0);
    assert_int_equal(CCHeapSize(memory), 100);
    memory = CCHeapReAlloc(memory, 5000, FALSE);
    assert_int_equal(CCHeapSize(memory), 5000);
    assert_int_equal(library.query_expert(key, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBlocks, 1);
    assert_true(CCHeapFree(memory));
    assert_false(CCHeapFree(memory));
    assert_false(CCHeapFree(NULL));
    assert_int_equal(CCHeapSize(memory), 0);
    assert_null(GetCCInstPtr());
    SetCCInstPtr(&usage);
    assert_ptr_equal(GetCCInstPtr(), &usage);
    SetCCInstPtr(NULL);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ber_headers_are_decoded),
        cmocka_unit_test(ber_integers_and_strings_are_found),
        cmocka_unit_test(object_identifiers_are_decoded),
        cmocka_unit_test(unicode_becomes_text_of_at_most_a_path),
        cmocka_unit_test(labels_are_looked_up),
        cmocka_unit_test(small_integers_are_of_any_length),
        cmocka_unit_test(numbers_become_binary_and_flags),
        cmocka_unit_test(hexadecimal_has_one_form),
        cmocka_unit_test(times_are_moved_and_written),
        cmocka_unit_test(mac_addresses_have_a_notation),
        cmocka_unit_test(addresses_are_ordered),
        cmocka_unit_test(mac_types_and_address_types_belong_together),
        cmocka_unit_test(link_headers_are_measured),
        cmocka_unit_test(ipv6_addresses_have_one_notation),
        cmocka_unit_test(the_heap_is_the_experts),
    };
    if (count != 2)
        return 2;
    capture = arguments[1];
    return cmocka_run_group_tests(tests, open_host, close_host);
}
