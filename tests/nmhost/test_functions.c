/* test_functions.c - FUNCTIONS.md against the table of supplied functions and the DLL's exports;
   wild handles; threads killed in supplied functions; captures of other link types. Arguments: the
   capture, FUNCTIONS.md, exports.h, the folder of small captures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <windows.h>

#include <cmocka.h>

#include "committed.h"
#include "protocol.h"
#include "supply.h"

static const char *capture;
static const char *page;
static const char *exports;
static const char *captures;
static LIBRARY library;
static HEXPERTKEY key;

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
    static ULONG_PTR last = 0x100;
    (void)state;
    key = (HEXPERTKEY)++last;
    supply_thread(key);
    return library.open_expert(key, NULL) == NMERR_SUCCESS && supply_begin() ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    supply_end();
    supply_thread(NULL);
    library.close_expert(key, NULL);
    return 0;
}

/*
 * The page
 */

static BOOL is_supplied(const char *name)
{
    const SUPPLY_FUNCTION *function;
    for (DWORD number = 0; (function = supply_function(number)) != NULL; number++) {
        if (strcmp(function->name, name) == 0)
            return TRUE;
    }
    return FALSE;
}

/* The next row: a name, and whether it is supplied. */
static BOOL next_row(FILE *file, char name[64], char supplied[8])
{
    char line[512];
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "|%63[^|]|%7[^|]|", name, supplied) == 2 && strcmp(name, "Name") != 0 &&
            name[0] != '-')
            return TRUE;
    }
    return FALSE;
}

static void the_page_lists_what_the_table_has(void **state)
{
    char name[64], supplied[8], before[64] = "";
    DWORD rows = 0, yes = 0, functions = 0;
    (void)state;
    FILE *file = fopen(page, "r");
    assert_non_null(file);
    while (next_row(file, name, supplied)) {
        assert_string_not_equal(name, before);
        BOOL said = strcmp(supplied, "yes") == 0;
        if (is_supplied(name) != said)
            print_message("%s\n", name);
        assert_int_equal(is_supplied(name), said);
        assert_true(said || strcmp(supplied, "no") == 0 || strcmp(supplied, "DLL") == 0);
        rows++;
        yes += said ? 1u : 0u;
        strcpy(before, name);
    }
    fclose(file);
    while (supply_function(functions) != NULL)
        functions++;
    assert_int_equal(yes, functions);
    assert_true(rows >= 129);
}

/* The whole page, each run of blanks and line ends as one blank. */
static void read_page(char *text, DWORD most)
{
    DWORD used = 0;
    int byte;
    FILE *file = fopen(page, "r");
    assert_non_null(file);
    while ((byte = fgetc(file)) != EOF && used + 1 < most) {
        if (byte != ' ' && byte != '\n')
            text[used++] = (char)byte;
        else if (used > 0 && text[used - 1] != ' ')
            text[used++] = ' ';
    }
    text[used] = '\0';
    fclose(file);
}

static void the_page_lists_the_protocols_and_their_properties(void **state)
{
    static char text[65536];
    (void)state;
    read_page(text, sizeof text);
    for (DWORD index = 0; index < PROTOCOLS; index++) {
        const PROTOCOL *protocol = protocol_tables[index];
        char row[1024];
        int used = snprintf(row, sizeof row, "- **%s:** ", protocol->name);
        for (WORD field = 0; field < protocol->field_count; field++)
            used += snprintf(row + used, sizeof row - (size_t)used, "%s%s", field > 0 ? ", " : "",
                             protocol->fields[field].label);
        strcpy(row + used, ". ");
        if (strstr(text, row) == NULL)
            print_message("%s\n", row);
        assert_non_null(strstr(text, row));
    }
}

static BOOL is_on_page(const char *wanted, char supplied[8])
{
    char name[64];
    BOOL found = FALSE;
    FILE *file = fopen(page, "r");
    assert_non_null(file);
    while (!found && next_row(file, name, supplied))
        found = strcmp(name, wanted) == 0;
    fclose(file);
    return found;
}

/* Every Microsoft export of the DLL is on the page; functions that the DLL itself implements are
   marked. */
static void the_page_lists_the_dlls_exports(void **state)
{
    char line[256], kind[16], name[64], supplied[8];
    DWORD count = 0;
    (void)state;
    FILE *file = fopen(exports, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%15[A-Z](%63[A-Za-z0-9]", kind, name) != 2 ||
            strncmp(name, "Nmapi", 5) == 0 || strcmp(name, "name") == 0)
            continue;
        if (!is_on_page(name, supplied))
            print_message("%s\n", name);
        assert_true(is_on_page(name, supplied));
        if (strcmp(kind, "OURS") == 0)
            assert_string_equal(supplied, "DLL");
        count++;
    }
    fclose(file);
    assert_true(count >= 129);
}

/*
 * Wild handles
 */

#define EACH(handle)                                                                               \
    for (size_t wild = 0;                                                                          \
         wild < sizeof wilds / sizeof *wilds && ((handle) = (void *)wilds[wild], 1); wild++)

/* Each function with values that are no handle of its kind, unreadable addresses among them:
   nothing is dereferenced, and the answer is the page's for a failure. */
static void what_is_no_handle_is_refused(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame, unchanged;
    ADDRESS2 address = {.Type = ADDRESS_TYPE_IP};
    char ip[] = "IP", label[] = "Version", text[64];
    FILTEROBJECT2 object = {.Action = FILTERACTION_BOOL, .Value = 1};
    DWORD number;
    void *handle;
    (void)state;

    assert_int_equal(ExpertGetFrame(key, GET_SPECIFIED_FRAME, 0, 0, NULL, &frame), NMERR_SUCCESS);
    HFILTER destroyed = CreateFilter();
    assert_int_equal(DestroyFilter(destroyed), NMERR_SUCCESS);
    HPROPERTY property = GetProperty(GetProtocolFromName(ip), label);
    const ULONG_PTR wilds[] = {0,
                               1,
                               0x1000,
                               (ULONG_PTR)-1,
                               (ULONG_PTR)-4096,
                               (ULONG_PTR)&frame,
                               (ULONG_PTR)frame.pFrame,
                               (ULONG_PTR)frame.hFrame + 374,
                               (ULONG_PTR)frame.hFrame - 1,
                               (ULONG_PTR)GetProtocolFromName(ip) + 100,
                               (ULONG_PTR)property + 200,
                               (ULONG_PTR)supply_capture() + 1,
                               (ULONG_PTR)destroyed,
                               (ULONG_PTR)destroyed + 1,
                               (ULONG_PTR)library.module};
    EACH(handle)
    {
        assert_int_equal(GetFrameLength(handle), 0);
        assert_int_equal(GetFrameStoredLength(handle), 0);
        assert_int_equal(GetFrameNumber(handle), (DWORD)-1);
        assert_true(GetFrameTimeStamp(handle) == -1);
        assert_int_equal(GetFrameMacType(handle), MAC_TYPE_UNKNOWN);
        assert_int_equal(GetFrameMacHeaderLength(handle), 0);
        assert_null(GetFrameCaptureHandle(handle));
        assert_null(GetFrameFromFrameHandle(handle));
        assert_null(GetFrameRecognizeData(handle));
        assert_null(ParserTemporaryLockFrame(handle));
        assert_int_equal(GetFrameSourceAddress(handle, &address, ADDRESS_TYPE_IP, 0),
                         NMERR_INVALID_HFRAME);
        assert_int_equal(GetFrameDestAddress(handle, &address, ADDRESS_TYPE_IP, 0),
                         NMERR_INVALID_HFRAME);
        assert_int_equal(GetFrameSrcAddressOffset(handle, ADDRESS_TYPE_IP, &number), (DWORD)-1);
        assert_int_equal(GetFrameDstAddressOffset(handle, ADDRESS_TYPE_IP, &number), (DWORD)-1);
        assert_false(CompareFrameSourceAddress(handle, &address));
        assert_false(CompareFrameDestAddress(handle, &address));
        assert_null(FindNextFrame(handle, ip, NULL, NULL, NULL, 0, 400));
        assert_int_equal(GetProtocolStartOffset(handle, ip), (DWORD)-1);
        assert_int_equal(GetProtocolStartOffsetHandle(handle, GetProtocolFromName(ip)), (DWORD)-1);
        assert_int_equal(GetPreviousProtocolOffsetByName(handle, 100, ip, &number),
                         NMERR_PROTOCOL_NOT_FOUND);
        assert_null(FindPropertyInstance(handle, property));
        assert_null(FindPropertyInstanceRestart(handle, property, NULL, TRUE));
        assert_false(AttachPropertyInstance(handle, property, 1, &address, 0, 0, 0));
        assert_null(GetPropertyText(handle, NULL, text, sizeof text));
        assert_int_equal(FilterFrame(handle, NULL, NULL), (DWORD)FILTER_FAIL_WITH_ERROR);

        assert_int_equal(GetCaptureTotalFrames(handle), 0);
        assert_int_equal(GetCaptureMacType(handle), NMERR_UNKNOWN_MACTYPE);
        assert_null(GetCaptureTimeStamp(handle));
        assert_null(GetCaptureComment(handle));
        assert_null(GetEnabledProtocols(handle));
        assert_null(GetFrame(handle, 0));

        assert_null(GetProtocolInfo(handle));
        assert_true(GetProperty(handle, label) == 0);
        assert_int_equal(GetProtocolStartOffsetHandle(frame.hFrame, handle), (DWORD)-1);
        assert_null(GetPropertyInfo((HPROPERTY)handle));
        assert_null(FindPropertyInstance(frame.hFrame, (HPROPERTY)handle));
        LPPROPERTYINST restart = handle;
        if (handle != NULL)
            assert_null(FindPropertyInstanceRestart(frame.hFrame, property, &restart, FALSE));
        assert_null(GetPropertyText(frame.hFrame, handle, text, sizeof text));

        assert_int_equal(FilterAddObject(handle, &object), NMERR_INVALID_PARAMETER);
        assert_int_equal(DestroyFilter(handle), NMERR_INVALID_HFILTER);
        assert_null(FilterDuplicate(handle));
        assert_false(FilterAttachesProperties(handle));
        FilterFlushBits(handle);
        assert_int_equal(
            FilterFindFrame(handle, supply_capture(), 0, NULL, NULL, 0, FILTER_DIRECTION_NEXT),
            FILTER_NO_MORE_FRAMES);
        unchanged = frame;
        if (handle != NULL)
            assert_int_equal(ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, 0, handle, &unchanged),
                             NMERR_INVALID_HFILTER);
        assert_memory_equal(&unchanged, &frame, sizeof frame);
        assert_false(CCHeapFree(handle));
        assert_int_equal(CCHeapSize(handle), 0);
    }
}

/* Another expert's filter is not valid, even if the expert guesses its handle. */
static void another_experts_filter_is_none(void **state)
{
    HEXPERTKEY other = (HEXPERTKEY)(ULONG_PTR)0x9999;
    EXPERTFRAMEDESCRIPTOR frame;
    (void)state;
    HFILTER filter = CreateFilter();
    assert_int_equal(library.open_expert(other, NULL), NMERR_SUCCESS);
    assert_int_equal(ExpertGetFrame(other, GET_FRAME_NEXT_FORWARD, 0, 0, filter, &frame),
                     NMERR_INVALID_HFILTER);
    supply_thread(other);
    assert_int_equal(DestroyFilter(filter), NMERR_INVALID_HFILTER);
    supply_thread(key);
    library.close_expert(other, NULL);
    assert_int_equal(DestroyFilter(filter), NMERR_SUCCESS);
}

/* The place of a destroyed filter is reused, its handle is not. */
static void a_stale_filter_is_not_the_next_one(void **state)
{
    (void)state;
    HFILTER stale = CreateFilter();
    assert_int_equal(DestroyFilter(stale), NMERR_SUCCESS);
    HFILTER next = CreateFilter();
    assert_ptr_not_equal(next, stale);
    assert_int_equal(DestroyFilter(stale), NMERR_INVALID_HFILTER);
    supply_end();
    assert_true(supply_begin());
    HFILTER after = CreateFilter();
    assert_ptr_not_equal(after, next);
    assert_int_equal(DestroyFilter(after), NMERR_SUCCESS);
}

static void last_errors_are_left_alone(void **state)
{
    EXPERTFRAMEDESCRIPTOR frame;
    char ip[] = "IP", label[] = "Version";
    (void)state;
    SetLastError(4711);
    assert_int_equal(
        ExpertGetFrame(key, GET_SPECIFIED_FRAME, FLAGS_ATTACH_PROPERTIES, 0, NULL, &frame),
        NMERR_SUCCESS);
    (void)FindPropertyInstance(frame.hFrame, GetProperty(GetProtocolFromName(ip), label));
    assert_int_equal(DestroyFilter(CreateFilter()), NMERR_SUCCESS);
    assert_int_equal(GetLastError(), 4711);
}

/*
 * Killed threads
 */

static volatile LONG rounds;

/* Calls everything that allocates memory of the host, over and over. */
static DWORD WINAPI call_for_ever(LPVOID parameter)
{
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
    char tcp[] = "TCP", label[] = "Window", text[64];
    (void)parameter;
    supply_thread(key);
    while (rounds >= 0) {
        HPROPERTY property = GetProperty(GetProtocolFromName(tcp), label);
        HFILTER filter = CreateFilter();
        FILTEROBJECT2 object = {.Action = FILTERACTION_PROPERTY, .hProperty = property};
        (void)FilterAddObject(filter, &object);
        object.Action = FILTERACTION_PROPERTYEXIST;
        (void)FilterAddObject(filter, &object);
        frame.FrameNumber = INVALID_FRAME_NUMBER;
        while (ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, FLAGS_ATTACH_PROPERTIES,
                              frame.FrameNumber, filter, &frame) == NMERR_SUCCESS) {
            LPPROPERTYINST instance = FindPropertyInstance(frame.hFrame, property);
            (void)GetPropertyText(frame.hFrame, instance, text, sizeof text);
            (void)FormatPropertyInstance(instance);
            (void)GetFrameFromFrameHandle(GetFrame(supply_capture(), frame.FrameNumber / 2));
        }
        (void)DestroyFilter(filter);
        InterlockedIncrement(&rounds);
    }
    return 0;
}

/* What any other thread calls: it gets answers, whichever thread was killed. */
static void answers_as_ever(void)
{
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
    FILTEROBJECT2 object = {.Action = FILTERACTION_PROTOCOLEXIST};
    char arp[] = "ARP";
    int count = 0;

    HFILTER filter = CreateFilter();
    assert_non_null(filter);
    object.hProtocol = GetProtocolFromName(arp);
    assert_int_equal(FilterAddObject(filter, &object), NMERR_SUCCESS);
    while (ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, frame.FrameNumber, filter, &frame) ==
           NMERR_SUCCESS)
        count++;
    assert_int_equal(count, 12);
    assert_int_equal(DestroyFilter(filter), NMERR_SUCCESS);
}

enum { KILLS = sizeof(void *) == 8 ? 40 : 16, STACK = 65536 };

static DWORD WINAPI call_nothing(LPVOID parameter)
{
    (void)parameter;
    while (rounds >= 0) {
        InterlockedIncrement(&rounds);
        Sleep(0);
    }
    return 0;
}

/* Starts a thread, lets it run for a time, and kills it: not while it starts, nor within the
   system's own calls, where Wine would leave its locks held. */
static void start_and_kill(LPTHREAD_START_ROUTINE run, DWORD milliseconds)
{
    CONTEXT context = {.ContextFlags = CONTEXT_CONTROL};
    LONG before = rounds;

    HANDLE thread = CreateThread(NULL, STACK, run, NULL, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    assert_non_null(thread);
    while (rounds == before)
        Sleep(0);
    Sleep(milliseconds);
    assert_int_not_equal(SuspendThread(thread), (DWORD)-1);
    assert_true(GetThreadContext(thread, &context));
    assert_true(TerminateThread(thread, 0));
    assert_int_equal(WaitForSingleObject(thread, 5000), WAIT_OBJECT_0);
    CloseHandle(thread);
}

/* Bytes that a killed thread leaves, on average. Under Wine and on old systems its stack stays. */
static SIZE_T left_by(LPTHREAD_START_ROUTINE run, int kills)
{
    static unsigned seed = 19;
    SIZE_T before = committed_memory();

    for (int kill = 0; kill < kills; kill++) {
        start_and_kill(run, (seed = seed * 1103515245 + 12345) >> 16 & 7);
        answers_as_ever();
        supply_end(); /* frees what dead threads left */
        assert_true(supply_begin());
    }
    SIZE_T after = committed_memory();
    return after > before ? (after - before) / (SIZE_T)kills : 0;
}

/* A ring and tables of properties are more than a MiB. */
static void a_killed_thread_holds_up_nobody(void **state)
{
    (void)state;
    SIZE_T stack = left_by(call_nothing, KILLS / 4);
    (void)left_by(call_for_ever, KILLS / 4);
    SIZE_T all = left_by(call_for_ever, KILLS / 2);
    print_message("left by each killed thread: %lu KiB, of which stack %lu KiB\n",
                  (unsigned long)(all / 1024), (unsigned long)(stack / 1024));
    assert_true(all < stack + 256 * 1024);
}

/*
 * Captures of other kinds
 */

/* Frames that have the protocol, in a capture of its own. */
static unsigned frames_with(const char *path, const char *name, DWORD *mac_type)
{
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
    FILTEROBJECT2 object = {.Action = FILTERACTION_PROTOCOLEXIST};
    char text[16];
    unsigned count = 0;

    assert_true(supply_open(&library, path));
    assert_int_equal(begin(NULL), 0);
    HFILTER filter = CreateFilter();
    object.hProtocol = GetProtocolFromName(lstrcpynA(text, name, sizeof text));
    assert_int_equal(FilterAddObject(filter, &object), NMERR_SUCCESS);
    while (ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, frame.FrameNumber, filter, &frame) ==
           NMERR_SUCCESS)
        count++;
    *mac_type = GetFrameMacType(GetFrame(supply_capture(), 0));
    assert_int_equal(end(NULL), 0);
    supply_close();
    return count;
}

/* Changes the capture's link type in its header: bytes 6 and 7. */
static void write_with_link(const char *from, const char *to, BYTE link)
{
    static char bytes[8192];
    FILE *file = fopen(from, "rb");
    assert_non_null(file);
    size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(count > 128 && count < sizeof bytes);
    bytes[6] = (char)link;
    file = fopen(to, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

static void every_kind_of_capture_has_the_same_protocols(void **state)
{
    static const char *const files[] = {"small.pcap",    "small-1.x.cap",    "small-2.0.cap",
                                        "small-2.1.cap", "small-2.2.cap",    "small-2.3.cap",
                                        "small.pcapng",  "small-big-ns.pcap"};
    char path[MAX_PATH], other[MAX_PATH];
    DWORD type;
    unsigned all = 0, tcp = 0;
    (void)state;
    supply_close();
    for (size_t file = 0; file < sizeof files / sizeof *files; file++) {
        snprintf(path, sizeof path, "%s/%s", captures, files[file]);
        unsigned found = frames_with(path, "ETHERNET", &type);
        unsigned found_tcp = frames_with(path, "TCP", &type);
        if (file == 0) {
            all = found;
            tcp = found_tcp;
        }
        assert_true(found > 0 && found == all && found_tcp == tcp);
        assert_int_equal(type, MAC_TYPE_ETHERNET);
    }
    /* An unknown link type is read as Ethernet; token ring gives frames without protocols. */
    snprintf(path, sizeof path, "%s/%s", captures, "small-2.0.cap");
    assert_true(GetTempFileNameA(".", "nmh", 0, other) != 0);
    write_with_link(path, other, 0);
    assert_int_equal(frames_with(other, "TCP", &type), tcp);
    assert_int_equal(type, MAC_TYPE_UNKNOWN);
    write_with_link(path, other, 2);
    assert_int_equal(frames_with(other, "TCP", &type), 0);
    assert_int_equal(type, MAC_TYPE_TOKENRING);
    DeleteFileA(other);
    assert_true(supply_open(&library, capture));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_lists_what_the_table_has),
        cmocka_unit_test(the_page_lists_the_protocols_and_their_properties),
        cmocka_unit_test(the_page_lists_the_dlls_exports),
        TEST(what_is_no_handle_is_refused),
        TEST(another_experts_filter_is_none),
        TEST(a_stale_filter_is_not_the_next_one),
        TEST(last_errors_are_left_alone),
        TEST(a_killed_thread_holds_up_nobody),
        cmocka_unit_test(every_kind_of_capture_has_the_same_protocols),
    };
    if (count != 5)
        return 2;
    capture = arguments[1];
    page = arguments[2];
    exports = arguments[3];
    captures = arguments[4];
    return cmocka_run_group_tests(tests, open_host, close_host);
}
