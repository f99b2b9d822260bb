/* test_supply.c - what supply.h supplies, called as an expert calls it: through Nmapi.dll. The
   counts are those of office.pcap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <windows.h>

#include <cmocka.h>

#include "committed.h"
#include "supply.h"

enum { FRAMES = 374, FRAMES_IP = 205, FRAMES_ARP = 12, FRAMES_TCP = 260, FIRST_ARP = 19 };

static LIBRARY library;
static const char *capture;
static HEXPERTKEY key; /* each test has its own, which is closed after it */

static int open_host(void **state)
{
    (void)state;
    return library_load(&library) && supply_open(&library, capture) ? 0 : -1;
}

static int close_host(void **state)
{
    (void)state;
    supply_close();
    library_unload(&library);
    return 0;
}

static int begin(void **state)
{
    static ULONG_PTR last;
    (void)state;
    key = (HEXPERTKEY)++last;
    supply_thread(key);
    return library.open_expert(key, NULL) == NMERR_SUCCESS && supply_begin() ? 0 : -1;
}

static int end(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    (void)state;
    supply_end();
    supply_thread(NULL);
    library.close_expert(key, &usage);
    return 0;
}

static DWORD add(HFILTER filter, FILTERACTIONTYPE action, const char *protocol)
{
    FILTEROBJECT2 object;
    char name[16] = "";

    memset(&object, 0, sizeof object);
    object.Action = action;
    if (protocol != NULL)
        object.hProtocol = GetProtocolFromName(lstrcpynA(name, protocol, sizeof name));
    return FilterAddObject(filter, &object);
}

static HFILTER filter_for(const char *protocol)
{
    HFILTER filter = CreateFilter();
    assert_non_null(filter);
    assert_int_equal(add(filter, FILTERACTION_PROTOCOLEXIST, protocol), NMERR_SUCCESS);
    return filter;
}

/* Fetches frames in one direction until there are no more. */
static DWORD count(DWORD direction, HFILTER filter)
{
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
    DWORD frames = 0, before = INVALID_FRAME_NUMBER, error;

    while ((error = ExpertGetFrame(key, direction, 0, before, filter, &frame)) == NMERR_SUCCESS) {
        if (before != INVALID_FRAME_NUMBER)
            assert_true((frame.FrameNumber > before) == (direction == GET_FRAME_NEXT_FORWARD));
        before = frame.FrameNumber;
        frames++;
    }
    assert_int_equal(error, NMERR_NO_MORE_FRAMES);
    return frames;
}

static void frames_come_in_order_both_ways(void **state)
{
    (void)state;
    assert_int_equal(GetCaptureTotalFrames(supply_capture()), FRAMES);
    assert_int_equal(count(GET_FRAME_NEXT_FORWARD, NULL), FRAMES);
    assert_int_equal(count(GET_FRAME_NEXT_BACKWARD, NULL), FRAMES);
}

static void a_frame_has_its_bytes_and_length(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame;
    (void)state;

    assert_int_equal(
        ExpertGetFrame(key, GET_SPECIFIED_FRAME, FLAGS_DEFER_TO_UI_FILTER, FIRST_ARP, NULL, &frame),
        NMERR_SUCCESS);
    assert_int_equal(frame.FrameNumber, FIRST_ARP);
    assert_int_equal(GetFrameLength(frame.hFrame), 42);
    assert_int_equal(frame.pFrame->FrameLength, 42);
    assert_int_equal(frame.pFrame->nBytesAvail, 42);
    assert_memory_equal((const BYTE *)frame.pFrame + offsetof(FRAME, MacFrame) + 12, "\x08\x06", 2);
    assert_true(frame.pFrame->TimeStamp > 0);
    assert_null(frame.lpPropertyTable);
}

static void a_frame_beyond_the_last_is_not_found(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame;
    (void)state;
    assert_int_equal(ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, FRAMES, NULL, &frame),
                     NMERR_FRAME_NOT_FOUND);
    assert_int_equal(ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, FRAMES - 1, NULL, &frame),
                     NMERR_SUCCESS);
}

/* An expert may write to its copy: the next one fetched is intact. */
static void a_frame_is_a_copy_that_stays(void **state)
{
    EXPERTFRAMEDESCRIPTOR first, other;
    BYTE bytes[64];
    (void)state;
    assert_int_equal(ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, 3, NULL, &first), NMERR_SUCCESS);
    BYTE *data = (BYTE *)first.pFrame + offsetof(FRAME, MacFrame);
    assert_true(first.pFrame->nBytesAvail >= sizeof bytes);
    memcpy(bytes, data, sizeof bytes);
    for (DWORD fetched = 0; fetched < 4096; fetched++) {
        assert_int_equal(
            ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, fetched % FRAMES, NULL, &other),
            NMERR_SUCCESS);
        assert_ptr_not_equal(other.pFrame, first.pFrame);
    }
    assert_memory_equal(data, bytes, sizeof bytes);
    memset(data, 0xEE, sizeof bytes);
    assert_int_equal(ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, 3, NULL, &other), NMERR_SUCCESS);
    assert_memory_equal((BYTE *)other.pFrame + offsetof(FRAME, MacFrame), bytes, sizeof bytes);
}

static void the_ring_does_not_grow_for_ever(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    EXPERTFRAMEDESCRIPTOR frame;
    SIZE_T before = 0;
    (void)state;
    for (DWORD fetched = 0; fetched < 200000; fetched++) {
        if (fetched == 50000)
            before = committed_memory();
        assert_int_equal(
            ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, fetched % FRAMES, NULL, &frame),
            NMERR_SUCCESS);
    }
    assert_true(committed_memory() <= before + 64 * 1024);
    assert_int_equal(library.query_expert(key, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBlocks, 0); /* charged to no expert */
}

static void a_specified_frame_must_pass_the_filter(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame;
    (void)state;
    HFILTER filter = filter_for("ARP");
    assert_int_equal(ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, 0, filter, &frame),
                     NMERR_FRAME_FAILED_FILTER);
    assert_int_equal(ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, FIRST_ARP, filter, &frame),
                     NMERR_SUCCESS);
    assert_int_equal(
        ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, INVALID_FRAME_NUMBER, filter, &frame),
        NMERR_FRAME_NOT_FOUND);
}

/* Strictly after and before the number, whether or not a frame has that number. */
static void next_and_previous_begin_behind_and_before(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame;
    (void)state;
    assert_int_equal(ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, 0, NULL, &frame), 0);
    assert_int_equal(frame.FrameNumber, 1);
    assert_int_equal(ExpertGetFrame(key, GET_FRAME_NEXT_BACKWARD, 0, 1, NULL, &frame), 0);
    assert_int_equal(frame.FrameNumber, 0);
    assert_int_equal(ExpertGetFrame(key, GET_FRAME_NEXT_BACKWARD, 0, 0, NULL, &frame),
                     NMERR_NO_MORE_FRAMES);
    assert_int_equal(ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, FRAMES - 1, NULL, &frame),
                     NMERR_NO_MORE_FRAMES);
    assert_int_equal(ExpertGetFrame(key, GET_FRAME_NEXT_BACKWARD, 0, 100000, NULL, &frame), 0);
    assert_int_equal(frame.FrameNumber, FRAMES - 1);
    assert_int_equal(ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, 100000, NULL, &frame),
                     NMERR_NO_MORE_FRAMES);
    assert_int_equal(ExpertGetFrame(key, GET_FRAME_NEXT_BACKWARD + 1, 0, 0, NULL, &frame),
                     NMERR_INVALID_PARAMETER);
}

static void a_filter_passes_what_its_expression_says(void **state)
{
    (void)state;
    HFILTER filter = filter_for("arp");
    assert_int_equal(count(GET_FRAME_NEXT_FORWARD, filter), FRAMES_ARP);
    assert_int_equal(count(GET_FRAME_NEXT_BACKWARD, filter), FRAMES_ARP);
    assert_int_equal(add(filter, FILTERACTION_PROTOCOLEXIST, "IP"), NMERR_SUCCESS);
    assert_int_equal(add(filter, FILTERACTION_OR, NULL), NMERR_SUCCESS);
    assert_int_equal(count(GET_FRAME_NEXT_FORWARD, filter), FRAMES_ARP + FRAMES_IP);
    assert_int_equal(add(filter, FILTERACTION_NOT, NULL), NMERR_SUCCESS);
    assert_int_equal(count(GET_FRAME_NEXT_FORWARD, filter), FRAMES - FRAMES_ARP - FRAMES_IP);
    assert_int_equal(add(filter, FILTERACTION_PROTOCOLEXIST, "IP6"), NMERR_SUCCESS);
    assert_int_equal(add(filter, FILTERACTION_XOR, NULL), NMERR_SUCCESS);
    assert_int_equal(count(GET_FRAME_NEXT_FORWARD, filter), 0);
    assert_int_equal(add(filter, FILTERACTION_NOT, NULL), NMERR_SUCCESS);
    assert_int_equal(add(filter, FILTERACTION_PROTOCOLEXIST, "TCP"), NMERR_SUCCESS);
    assert_int_equal(add(filter, FILTERACTION_AND, NULL), NMERR_SUCCESS);
    assert_int_equal(count(GET_FRAME_NEXT_FORWARD, filter), FRAMES_TCP);
    assert_int_equal(DestroyFilter(filter), NMERR_SUCCESS);
}

static void an_empty_filter_passes_all(void **state)
{
    (void)state;
    assert_int_equal(count(GET_FRAME_NEXT_FORWARD, CreateFilter()), FRAMES);
}

static void a_broken_expression_is_refused(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame;
    (void)state;
    HFILTER filter = filter_for("IP");
    assert_int_equal(add(filter, FILTERACTION_AND, NULL), NMERR_FILTER_INVALID_EXPRESSION);
    assert_int_equal(add(filter, FILTERACTION_PROPERTY, NULL), NMERR_INVALID_HPROPERTY);
    assert_int_equal(add(filter, FILTERACTION_OID, NULL), NMERR_NOT_SUPPORTED);
    assert_int_equal(add(filter, FILTERACTION_EXPRESSION, NULL), NMERR_NOT_SUPPORTED);
    assert_int_equal(add(filter, FILTERACTION_INVALID, NULL), NMERR_NOT_SUPPORTED);
    assert_int_equal(add(filter, 0x10022, NULL), NMERR_NOT_SUPPORTED);
    assert_int_equal(add(filter, FILTERACTION_PROTOCOLEXIST, "SPX"), NMERR_INVALID_HPROTOCOL);
    assert_int_equal(count(GET_FRAME_NEXT_FORWARD, filter), FRAMES_IP);
    assert_int_equal(add(filter, FILTERACTION_PROTOCOLEXIST, "TCP"), NMERR_SUCCESS);
    assert_int_equal(ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, 0, filter, &frame),
                     NMERR_FILTER_INVALID_EXPRESSION);
}

static void an_expression_has_room_for_32_operands(void **state)
{
    (void)state;
    HFILTER filter = CreateFilter();
    for (int operand = 0; operand < 32; operand++)
        assert_int_equal(add(filter, FILTERACTION_PROTOCOLEXIST, "IP"), NMERR_SUCCESS);
    assert_int_equal(add(filter, FILTERACTION_PROTOCOLEXIST, "IP"),
                     NMERR_FILTER_INVALID_EXPRESSION);
    for (int operand = 1; operand < 32; operand++)
        assert_int_equal(add(filter, FILTERACTION_AND, NULL), NMERR_SUCCESS);
    assert_int_equal(count(GET_FRAME_NEXT_FORWARD, filter), FRAMES_IP);
}

static void only_a_live_filter_of_the_expert_is_one(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame;
    int wild[32] = {0};
    (void)state;

    HFILTER filter = filter_for("IP");
    HEXPERTKEY other = (HEXPERTKEY)0x1000;
    assert_int_equal(ExpertGetFrame(other, GET_FRAME_NEXT_FORWARD, 0, 0, filter, &frame),
                     NMERR_INVALID_HFILTER);
    supply_thread(other);
    assert_int_equal(add(filter, FILTERACTION_NOT, NULL), NMERR_INVALID_PARAMETER);
    assert_int_equal(DestroyFilter(filter), NMERR_INVALID_HFILTER);
    supply_thread(key);
    assert_int_equal(DestroyFilter((HFILTER)wild), NMERR_INVALID_HFILTER);
    assert_int_equal(DestroyFilter(NULL), NMERR_INVALID_HFILTER);
    assert_int_equal(DestroyFilter(filter), NMERR_SUCCESS);
    assert_int_equal(DestroyFilter(filter), NMERR_INVALID_HFILTER);
    assert_int_equal(ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, 0, filter, &frame),
                     NMERR_INVALID_HFILTER);
}

static void a_wild_handle_is_no_capture_and_no_frame(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame;
    (void)state;
    assert_int_equal(ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, 0, NULL, &frame), NMERR_SUCCESS);
    assert_int_not_equal(GetFrameLength(frame.hFrame), 0);
    assert_int_equal(GetFrameLength((HFRAME)((BYTE *)frame.hFrame + FRAMES)), 0);
    assert_int_equal(GetFrameLength((HFRAME)((BYTE *)frame.hFrame - 1)), 0);
    assert_int_equal(GetFrameLength(NULL), 0);
    assert_int_equal(GetFrameLength((HFRAME)supply_capture()), 0);
    assert_int_equal(GetCaptureTotalFrames(NULL), 0);
    assert_int_equal(GetCaptureTotalFrames((HCAPTURE)&frame), 0);
    assert_int_equal(ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, 0, NULL, NULL),
                     NMERR_INVALID_PARAMETER);
    assert_int_equal(ExpertSubmitEvent(key, NULL), NMERR_INVALID_PARAMETER);
}

static void a_filter_is_the_experts_memory(void **state)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};
    (void)state;
    (void)DestroyFilter(filter_for("IP"));
    assert_int_equal(library.query_expert(key, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBlocks, 0);
    (void)filter_for("IP");
    assert_int_equal(library.close_expert(key, &usage), NMERR_SUCCESS);
    assert_int_equal(usage.LiveBlocks, 1);
}

static void a_thread_without_a_key_gets_no_filter(void **state)
{
    (void)state;
    supply_thread(NULL);
    assert_null(CreateFilter());
    supply_thread(key);
    assert_non_null(CreateFilter());
}

static void a_terminated_expert_gets_no_more(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame;
    (void)state;
    HFILTER filter = filter_for("IP");
    library.terminate_expert(key);
    assert_int_equal(ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, 0, filter, &frame),
                     NMERR_EXPERT_TERMINATE);
    assert_int_equal(add(filter, FILTERACTION_NOT, NULL), NMERR_EXPERT_TERMINATE);
    assert_null(CreateFilter());
    assert_int_equal(DestroyFilter(filter), NMERR_SUCCESS);
}

static void what_was_taken_back_is_not_supported(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame;
    char name[] = "IP";
    (void)state;
    assert_non_null(GetProtocolFromName(name));
    supply_end();
    assert_int_equal(ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, 0, NULL, &frame),
                     NMERR_NOT_SUPPORTED);
    assert_int_equal(ExpertIndicateStatus(key, EXPERTSTATUS_RUNNING, 0, NULL, 0),
                     NMERR_NOT_SUPPORTED);
    assert_null(GetProtocolFromName(name));
    assert_null(CreateFilter());
    assert_int_equal(GetCaptureTotalFrames(supply_capture()), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int argument_count, char **arguments)
{
    capture = argument_count > 1 ? arguments[1] : "";

    const struct CMUnitTest tests[] = {
        TEST(frames_come_in_order_both_ways),
        TEST(a_frame_has_its_bytes_and_length),
        TEST(a_frame_beyond_the_last_is_not_found),
        TEST(a_frame_is_a_copy_that_stays),
        TEST(the_ring_does_not_grow_for_ever),
        TEST(a_specified_frame_must_pass_the_filter),
        TEST(next_and_previous_begin_behind_and_before),
        TEST(a_filter_passes_what_its_expression_says),
        TEST(an_empty_filter_passes_all),
        TEST(a_broken_expression_is_refused),
        TEST(an_expression_has_room_for_32_operands),
        TEST(only_a_live_filter_of_the_expert_is_one),
        TEST(a_wild_handle_is_no_capture_and_no_frame),
        TEST(a_filter_is_the_experts_memory),
        TEST(a_thread_without_a_key_gets_no_filter),
        TEST(a_terminated_expert_gets_no_more),
        TEST(what_was_taken_back_is_not_supported),
    };
    return cmocka_run_group_tests(tests, open_host, close_host);
}
