/* test_capture.c - captures as the functions for experts read them: every kind of file gives the
   same frames, in any order, on any thread, also while threads are killed and from files that fit
   into no address space. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>
#include <winioctl.h>

#include <cmocka.h>

#include "capture.h"

enum { FRAMES = 24, STORED = 96, MANY = 200000 };

static const char *folder;
static char text[128];
static char copy_path[MAX_PATH];

/* What tshark read. */
typedef struct EXPECTED {
    ULONGLONG time; /* in 100 ns since 1601 */
    DWORD length;
    DWORD stored;
} EXPECTED;

static EXPECTED expected[FRAMES];
static BYTE bytes_of[FRAMES][STORED];

static const char *path_of(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void load_expected(const char *name)
{
    unsigned long seconds, fraction, length, stored;

    FILE *file = fopen(path_of(name), "r");
    assert_non_null(file);
    for (int number = 0; number < FRAMES; number++) {
        assert_int_equal(fscanf(file, "%lu.%lu,%lu,%lu", &seconds, &fraction, &length, &stored), 4);
        expected[number].time = (seconds + 11644473600ull) * 10000000 + fraction / 100;
        expected[number].length = length;
        expected[number].stored = stored;
    }
    fclose(file);
}

/* The frames' bytes, from a pcap file, which is a header of 24 bytes and 16 before each frame. */
static void load_bytes(void)
{
    BYTE header[24];

    FILE *file = fopen(path_of("small.pcap"), "rb");
    assert_non_null(file);
    assert_int_equal(fread(header, 1, 24, file), 24);
    for (int number = 0; number < FRAMES; number++) {
        assert_int_equal(fread(header, 1, 16, file), 16);
        assert_int_equal(fread(bytes_of[number], 1, expected[number].stored, file),
                         expected[number].stored);
    }
    fclose(file);
}

static void open_capture(const char *path)
{
    if (!capture_open(path, text, sizeof text))
        fail_msg("%s: %s", path, text);
}

static void check_frames(const char *name, DWORD resolution)
{
    CAPTURE_FRAME frame;
    BYTE buffer[STORED];

    open_capture(path_of(name));
    assert_int_equal(capture_frames(), FRAMES);
    if (resolution != 0)
        assert_true(capture_start() / resolution == expected[0].time / resolution);
    for (DWORD number = 0; number < FRAMES; number++) {
        assert_true(capture_frame(number, buffer, sizeof buffer, &frame));
        assert_int_equal(frame.number, number);
        if (resolution != 0) {
            assert_true(frame.time / resolution == expected[number].time / resolution);
            assert_true(frame.offset == (LONGLONG)(frame.time - capture_start()) / 10);
        } else {
            assert_true(frame.time == 0 && frame.offset == 0);
        }
        assert_int_equal(frame.length, expected[number].length);
        assert_int_equal(frame.stored, expected[number].stored);
        assert_int_equal(frame.media, CAPTURE_ETHERNET);
        assert_ptr_equal(frame.data, buffer);
        assert_memory_equal(buffer, bytes_of[number], frame.stored);
    }
    assert_false(capture_frame(FRAMES, buffer, sizeof buffer, &frame));
    assert_false(capture_frame(0xFFFFFFFF, buffer, sizeof buffer, &frame));
    capture_close();
}

static void every_kind_gives_the_same_frames(void **state)
{
    static const struct {
        const char *name;
        DWORD resolution; /* in 100 ns; 0: no times */
    } kinds[] = {{"small.pcap", 1},          {"small-ns.pcap", 1},      {"small-big.pcap", 1},
                 {"small-2.0.cap", 1},       {"small-big-ns.pcap", 1},  {"small-2.1.cap", 1},
                 {"small-2.2.cap", 1},       {"small-2.3.cap", 1},      {"small.pcapng", 1},
                 {"small-mixed.pcapng", 10}, {"small-simple.pcapng", 0}};
    (void)state;

    load_expected("small.pcap.csv");
    load_bytes();
    for (size_t index = 0; index < sizeof kinds / sizeof *kinds; index++)
        check_frames(kinds[index].name, kinds[index].resolution);
    load_expected("small-1.x.cap.csv");
    check_frames("small-1.x.cap", 10000);
    load_expected("small.pcap.csv");
}

static void an_entry_keeps_its_number_medium_and_place(void **state)
{
    static const WORD media[] = {1, CAPTURE_NO_PACKET, 1, CAPTURE_NO_PACKET, 9, 0xE000 + 105, 0, 1};
    CAPTURE_FRAME frame;
    BYTE buffer[STORED];
    (void)state;

    open_capture(path_of("odd-2.2.cap"));
    assert_int_equal(capture_frames(), 8);
    for (DWORD number = 0; number < 8; number++) {
        assert_true(capture_frame(number, buffer, sizeof buffer, &frame));
        assert_int_equal(frame.media, media[number]);
        assert_memory_equal(buffer, bytes_of[number], frame.stored);
        LONGLONG shift = number == 2 ? -763392 : 0;
        assert_true(frame.offset ==
                    (LONGLONG)(expected[number].time - expected[0].time) / 10 + shift);
    }
    assert_true(capture_frame(2, NULL, 0, &frame));
    assert_true(frame.offset < 0);
    capture_close();
}

static void comments_name_their_frames(void **state)
{
    CAPTURE_COMMENT comment;
    DWORD found = 0;
    (void)state;

    open_capture(path_of("small-2.2.cap"));
    assert_int_equal(capture_frames(), FRAMES);
    for (DWORD index = 0; capture_frame_comment(index, &comment); index++) {
        if (comment.frame == 5)
            assert_string_equal(comment.text, "the first answer");
        else if (comment.frame == 2)
            assert_string_equal(comment.text, "gr\xC3\xBCn \xE2\x9C\x93");
        else
            assert_int_equal(comment.frame, CAPTURE_NO_FRAME);
        found++;
    }
    assert_int_equal(found, 3);
    capture_close();
    open_capture(path_of("small-mixed.pcapng"));
    assert_int_equal(capture_frames(), FRAMES);
    assert_true(capture_frame_comment(0, &comment));
    assert_int_equal(comment.frame, 4);
    assert_string_equal(comment.text, "a note");
    assert_false(capture_frame_comment(1, &comment));
    capture_close();
}

static void open_bytes(const void *from, DWORD count)
{
    char folder_of_it[MAX_PATH - 14];
    DWORD written;

    GetTempPathA(sizeof folder_of_it, folder_of_it);
    GetTempFileNameA(folder_of_it, "nmh", 0, copy_path);
    HANDLE file = CreateFileA(copy_path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    assert_true(WriteFile(file, from, count, &written, NULL));
    CloseHandle(file);
    open_capture(copy_path);
}

static void close_bytes(void)
{
    capture_close();
    DeleteFileA(copy_path);
}

static void a_comment_of_pairs_is_valid_utf8(void **state)
{
    static char whole[65536];
    CAPTURE_COMMENT comment;
    DWORD at = 0, found = 0;
    (void)state;

    FILE *file = fopen(path_of("small-2.2.cap"), "rb");
    assert_non_null(file);
    DWORD count = (DWORD)fread(whole, 1, sizeof whole, file);
    fclose(file);
    while (at + 5 < count && memcmp(whole + at, "a\0n\0s", 5) != 0) /* "the first answer" */
        at++;
    memcpy(whole + at, "\x3D\xD8\x00\xDE", 4);
    open_bytes(whole, count);
    assert_int_equal(capture_frames(), FRAMES);
    for (DWORD index = 0; capture_frame_comment(index, &comment); index++)
        found += strcmp(comment.text, "the first \xF0\x9F\x98\x80swer") == 0;
    assert_int_equal(found, 1);
    close_bytes();
}

static void a_long_comment_is_cut_between_characters(void **state)
{
    DWORD blocks[7 + 5 + 44] = {
        0x0A0D0D0A, 28,           0x1A2B3C4D, 1, 0xFFFFFFFF, 0xFFFFFFFF, 28, /* a section */
        1,          20,           1,          0, 20,                         /* Ethernet */
        6,          176,          0,          0, 1,          4,          4,
        0,          130 << 16 | 1}; /* a frame, and its comment */
    char *text_of_it = (char *)(blocks + 21);
    CAPTURE_COMMENT comment;
    (void)state;

    memset(text_of_it, 'x', 2);
    for (int index = 2; index < 130; index += 2)
        memcpy(text_of_it + index, "\xC3\xBC", 2);
    blocks[55] = 176;
    open_bytes(blocks, sizeof blocks);
    assert_int_equal(capture_frames(), 1);
    assert_true(capture_frame_comment(0, &comment));
    assert_int_equal(strlen(comment.text), 122);
    assert_memory_equal(comment.text, text_of_it, 122);
    close_bytes();
}

static void what_is_no_capture_is_refused(void **state)
{
    (void)state;
    assert_false(capture_open(path_of("make.py"), text, sizeof text));
    assert_non_null(strstr(text, "no capture"));
    assert_false(capture_open(path_of("is-not-there.pcap"), text, sizeof text));
    assert_non_null(strstr(text, "no file"));
    assert_false(capture_open(folder, text, sizeof text));
    assert_int_equal(capture_frames(), 0);
    assert_false(capture_frame(0, NULL, 0, &(CAPTURE_FRAME){0}));
}

/*
 * Larger files, made by the test
 */

static char large_path[MAX_PATH];

static void put(HANDLE file, const void *from, DWORD count)
{
    DWORD written;
    assert_true(WriteFile(file, from, count, &written, NULL) && written == count);
}

static HANDLE make_pcap(void)
{
    static const DWORD header[6] = {0xA1B2C3D4, 0x00040002, 0, 0, 65535, 1};
    char temporary[MAX_PATH - 14];

    DWORD bytes;

    GetTempPathA(sizeof temporary, temporary);
    GetTempFileNameA(temporary, "nmh", 0, large_path);
    /* Made anew. What is written into a file that was truncated gets its place on the disk at once
       (ext4), and to free 17,000 places can take half a minute, while all of Wine waits. */
    DeleteFileA(large_path);
    HANDLE file =
        CreateFileA(large_path, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    DeviceIoControl(file, FSCTL_SET_SPARSE, NULL, 0, NULL, 0, &bytes,
                    NULL); /* where there is such */
    put(file, header, sizeof header);
    return file;
}

/* Frame n has 20 + n % 50 bytes, which repeat n. */
static DWORD length_of(DWORD number)
{
    return 20 + number % 50;
}

static void make_many(void)
{
    static DWORD chunk[1 << 16];
    DWORD used = 0;

    HANDLE file = make_pcap();
    for (DWORD number = 0; number < MANY; number++) {
        DWORD length = length_of(number), record[4] = {number, 0, length, length};
        if ((used + 16 + length) > sizeof chunk) {
            put(file, chunk, used);
            used = 0;
        }
        memcpy((BYTE *)chunk + used, record, 16);
        for (DWORD index = 0; index < length; index++)
            ((BYTE *)chunk)[used + 16 + index] = (BYTE)(number >> index % 4 * 8);
        used += 16 + length;
    }
    put(file, chunk, used);
    CloseHandle(file);
}

static void check_one(DWORD number)
{
    CAPTURE_FRAME frame;
    BYTE buffer[80];

    assert_true(capture_frame(number, buffer, sizeof buffer, &frame));
    assert_int_equal(frame.stored, length_of(number));
    assert_int_equal(frame.offset, number * 1000000ll);
    assert_memory_equal(buffer, &number, 4);
    assert_int_equal(buffer[frame.stored - 1], (BYTE)(number >> (frame.stored - 1) % 4 * 8));
}

static void frames_come_in_any_order(void **state)
{
    DWORD number = 1;
    (void)state;

    open_capture(large_path);
    check_one(MANY - 1); /* before the index reaches it */
    assert_int_equal(capture_frames(), MANY);
    for (DWORD turn = 0; turn < 20000; turn++) {
        number = number * 1103515245 + 12345;
        check_one((number >> 8) % MANY);
    }
    for (DWORD back = MANY; back-- > 0;)
        check_one(back);
    for (number = 0; number < MANY; number++)
        check_one(number);
    capture_close();
}

static DWORD WINAPI read_all(LPVOID parameter)
{
    DWORD wrong = 0;
    CAPTURE_FRAME frame;
    BYTE buffer[80];

    for (DWORD number = (DWORD)(DWORD_PTR)parameter; number < MANY; number += 7) {
        if (!capture_frame(number, buffer, sizeof buffer, &frame) ||
            memcmp(buffer, &number, 4) != 0)
            wrong++;
    }
    return wrong;
}

static void more_threads_than_cursors_read_at_once(void **state)
{
    enum { THREADS = 70 };
    HANDLE threads[THREADS];
    DWORD wrong = 1;
    (void)state;

    open_capture(large_path);
    for (DWORD index = 0; index < THREADS; index++) {
        threads[index] = CreateThread(NULL, 65536, read_all,
                                      (LPVOID)(DWORD_PTR)(MANY - 2800 + index % 7), 0, NULL);
        assert_non_null(threads[index]);
    }
    for (DWORD index = 0; index < THREADS; index++) {
        WaitForSingleObject(threads[index], INFINITE);
        assert_true(GetExitCodeThread(threads[index], &wrong));
        assert_int_equal(wrong, 0);
        CloseHandle(threads[index]);
    }
    capture_close();
}

static volatile LONG reading;

static DWORD WINAPI read_for_ever(LPVOID parameter)
{
    DWORD wrong = read_all(parameter);
    reading = TRUE;
    while (wrong == 0)
        wrong = read_all(parameter);
    return wrong;
}

/* A thread killed while it reads delays nobody, and its place is freed. */
static void a_killed_reader_holds_up_nobody(void **state)
{
    enum { KILLS = 60 };
    (void)state;

    open_capture(large_path);
    for (DWORD turn = 0; turn < KILLS; turn++) {
        reading = FALSE;
        HANDLE thread = CreateThread(NULL, 65536, read_for_ever, NULL, 0, NULL);
        CONTEXT context = {.ContextFlags = CONTEXT_CONTROL};
        assert_non_null(thread);
        /* A thread killed while it starts keeps the loader's lock; killed in its first system
           calls, it may keep a lock of Wine's. */
        while (!reading)
            Sleep(0);
        Sleep(turn % 5);
        SuspendThread(thread);
        GetThreadContext(thread, &context);
        TerminateThread(thread, 1);
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
        check_one(turn * 997 % MANY);
    }
    assert_int_equal(read_all(NULL), 0);
    capture_close();
}

/* A sparse file of more than 4 GiB: frames of 262,144 bytes, each with its number. */
static void a_file_larger_than_the_address_space_is_read(void **state)
{
    enum { LARGE_FRAMES = 17000, BYTES = 262144 };
    CAPTURE_FRAME frame;
    DWORD record[5] = {0, 0, BYTES, BYTES, 0}, first;
    (void)state;

    DeleteFileA(large_path);
    HANDLE file = make_pcap();
    for (DWORD number = 0; number < LARGE_FRAMES; number++) {
        LARGE_INTEGER place = {.QuadPart = 24 + number * (16ll + BYTES)};
        assert_int_equal(SetFilePointer(file, (LONG)place.LowPart, &place.HighPart, FILE_BEGIN),
                         place.LowPart);
        record[0] = record[4] = number;
        put(file, record, sizeof record);
    }
    LARGE_INTEGER end = {.QuadPart = 24 + LARGE_FRAMES * (16ll + BYTES)};
    SetFilePointer(file, (LONG)end.LowPart, &end.HighPart, FILE_BEGIN);
    assert_true(SetEndOfFile(file));
    CloseHandle(file);
    open_capture(large_path);
    assert_int_equal(capture_frames(), LARGE_FRAMES);
    for (DWORD number = 0; number < LARGE_FRAMES; number += 13) {
        DWORD wanted = number % 2 == 0 ? number : LARGE_FRAMES - 1 - number;
        assert_true(capture_frame(wanted, (BYTE *)&first, sizeof first, &frame));
        assert_int_equal(first, wanted);
    }
    capture_close();
}

static int close_capture(void **state)
{
    (void)state;
    capture_close();
    return 0;
}

static int remove_large(void **state)
{
    (void)state;
    DeleteFileA(large_path);
    return 0;
}

static int make_large(void **state)
{
    (void)state;
    make_many();
    return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, close_capture)

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_gives_the_same_frames),
        TEST(an_entry_keeps_its_number_medium_and_place),
        TEST(comments_name_their_frames),
        TEST(a_comment_of_pairs_is_valid_utf8),
        TEST(a_long_comment_is_cut_between_characters),
        TEST(what_is_no_capture_is_refused),
        TEST(frames_come_in_any_order),
        TEST(more_threads_than_cursors_read_at_once),
        TEST(a_killed_reader_holds_up_nobody),
        TEST(a_file_larger_than_the_address_space_is_read),
    };
    if (argument_count < 2)
        return 2;
    folder = arguments[1];
    return cmocka_run_group_tests(tests, make_large, remove_large);
}
