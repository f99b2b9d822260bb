/* test_format.c - the formats, natively: each committed capture cut off at every byte, and mutated,
   over views whose bytes are copies of exactly the requested length, so that a sanitizer detects
   reads beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format.h"

enum { MOST_BYTES = 1 << 20, MOST_FRAMES = 64 };

static const char *folder;
static unsigned mutations = 20000; /* of each capture */

static const char *const names[] = {"small.pcap",         "small-ns.pcap", "small-big.pcap",
                                    "small-big-ns.pcap",  "small-1.x.cap", "small-2.0.cap",
                                    "small-2.1.cap",      "small-2.2.cap", "small-2.3.cap",
                                    "odd-2.2.cap",        "small.pcapng",  "small-mixed.pcapng",
                                    "small-simple.pcapng"};

enum { NAMES = sizeof names / sizeof *names };

typedef struct WALK {
    DWORD count;
    FORMAT_RESULT end;
    ULONGLONG stopped; /* at this offset */
    FORMAT_RECORD records[MOST_FRAMES];
} WALK;

static BYTE whole[MOST_BYTES];

static size_t load(const char *name)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t bytes = fread(whole, 1, sizeof whole, file);
    fclose(file);
    assert_in_range(bytes, 1, sizeof whole - 1);
    return bytes;
}

/* FALSE if the file is refused. */
static BOOL walk_through(const BYTE *bytes, size_t size, WALK *walk)
{
    VIEW_FILE file = {(HANDLE)bytes, size};
    VIEWS views = {{&file, NULL, 0, 0}, {&file, NULL, 0, 0}};
    FORMAT format;
    FORMAT_RECORD record;
    ULONGLONG position = 0;
    const char *why = NULL;

    memset(walk, 0, sizeof *walk);
    if (!format_open(&format, &views, &position, &why)) {
        assert_non_null(why);
        format_close(&format);
        view_release(&views.data);
        view_release(&views.table);
        return FALSE;
    }
    ULONGLONG first = position;
    for (;;) {
        FORMAT_RESULT result = format_read(&format, &views, position, TRUE, &record);
        walk->end = result;
        walk->stopped = record.offset;
        if (result != FORMAT_FRAME)
            break;
        assert_true(record.next > position);
        assert_true(record.data <= size && record.stored <= size - record.data);
        assert_true(record.comment_bytes == 0 || record.comment + record.comment_bytes <= size);
        position = record.next;
        if (walk->count < MOST_FRAMES)
            walk->records[walk->count] = record;
        walk->count++;
    }
    /* A second reader gets the same. */
    position = first;
    for (DWORD number = 0; number < walk->count && number < MOST_FRAMES; number++) {
        assert_int_equal(format_read(&format, &views, position, FALSE, &record), FORMAT_FRAME);
        assert_true(record.data == walk->records[number].data);
        assert_true(record.stored == walk->records[number].stored);
        assert_true(record.time == walk->records[number].time);
        position = record.next;
    }
    DWORD comment = 0, offset, title_bytes;
    ULONGLONG title;
    while (format_comment(&format, &views, &comment, &offset, &title, &title_bytes))
        assert_true(title + title_bytes <= size);
    format_close(&format);
    view_release(&views.data);
    view_release(&views.table);
    return TRUE;
}

static void a_whole_file_is_read_to_its_end(void **state)
{
    static WALK walk;
    (void)state;

    for (int index = 0; index < NAMES; index++) {
        size_t size = load(names[index]);
        assert_true(walk_through(whole, size, &walk));
        assert_int_equal(walk.end, FORMAT_END);
        assert_int_equal(walk.count, strncmp(names[index], "odd", 3) == 0 ? 8 : 24);
    }
}

/* The frames that lie whole before the cut; Network Monitor's without the table's help. */
static DWORD frames_before(const WALK *all, const char *name, size_t cut)
{
    static const unsigned trailers[] = {0, 2, 6, 15};
    const char *two = strstr(name, "-2.");
    DWORD count = 0;

    while (count < all->count) {
        const FORMAT_RECORD *record = &all->records[count];
        ULONGLONG end = strstr(name, ".cap") == NULL
                            ? record->next
                            : record->data + record->stored + (two ? trailers[two[3] - '0'] : 0);
        if (end > cut)
            break;
        count++;
    }
    return count;
}

/* What is left of a file gives the frames that lie in it whole, and those alone. */
static void a_file_cut_off_anywhere_gives_its_first_frames(void **state)
{
    static WALK all, part;
    (void)state;

    for (int index = 0; index < NAMES; index++) {
        size_t size = load(names[index]);
        BOOL by_table = strstr(names[index], ".cap") != NULL;
        BOOL by_blocks = strstr(names[index], ".pcapng") != NULL;
        DWORD header = by_blocks ? format_dword(whole + 4, FALSE) : 72;
        size_t table_end =
            by_table ? format_dword(whole + 24, FALSE) + format_dword(whole + 28, FALSE) : 0;
        assert_true(walk_through(whole, size, &all));
        for (size_t cut = 0; cut < size; cut++) {
            if (!walk_through(whole, cut, &part)) {
                assert_true(cut < header);
                continue;
            }
            assert_true(part.stopped <= size);
            if (by_table) /* without all of the table nobody knows whether a frame is missing */
                assert_int_equal(part.end, cut < table_end ? FORMAT_TORN : FORMAT_END);
            if (strncmp(names[index], "odd", 3) == 0 && cut < table_end) { /* holes, in no order */
                assert_int_equal(part.count, 0);
                continue;
            }
            for (DWORD number = 0; number < part.count; number++) {
                assert_true(part.records[number].data == all.records[number].data);
                assert_true(part.records[number].stored == all.records[number].stored);
                assert_true(part.records[number].time == all.records[number].time);
                assert_true(part.records[number].media == all.records[number].media);
            }
            assert_int_equal(part.count, frames_before(&all, names[index], cut));
        }
    }
}

/* The header names a place for the table that is not it. */
static void put_table(DWORD offset, DWORD bytes)
{
    const DWORD part[2] = {offset, bytes};
    memcpy(whole + 24, part, sizeof part);
}

static void what_is_no_frame_ends_the_frames_without_a_table(void **state)
{
    static WALK all, part;
    (void)state;

    for (int index = 0; index < NAMES; index++) {
        if (strncmp(names[index], "small", 5) != 0 || strstr(names[index], ".cap") == NULL)
            continue;
        size_t size = load(names[index]);
        memset(whole + size, 0, 4000); /* room for what the table's bytes would be as a frame */
        size += 4000;
        DWORD table = format_dword(whole + 24, FALSE);
        assert_true(walk_through(whole, size, &all));
        put_table((DWORD)size, 96); /* behind the file: the walk comes upon the real one */
        assert_true(walk_through(whole, size, &part));
        assert_int_equal(part.end, FORMAT_TORN);
        assert_int_equal(part.count, 24);
        assert_true(part.stopped == table);
        put_table(0, 0); /* never written */
        assert_true(walk_through(whole, size, &part));
        assert_int_equal(part.end, FORMAT_TORN);
        assert_int_equal(part.count, 24);
        put_table((DWORD)all.records[5].data + 3, (DWORD)size); /* within a frame */
        assert_true(walk_through(whole, size, &part));
        assert_int_equal(part.end, FORMAT_TORN);
        assert_int_equal(part.count, 5);
    }
}

static unsigned long long seed = 20261129;

static unsigned chance(unsigned below)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(seed >> 33) % below;
}

static void mutate(BYTE *bytes, size_t *size)
{
    static const DWORD edges[] = {0,          1,          0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
                                  0xFFFFFFFC, 0xFFFFFFF0, 262144,     262145,     0x10000};

    for (unsigned times = 1 + chance(4); times > 0; times--) {
        /* Mostly in headers, which come first. */
        size_t at = chance((unsigned)(chance(2) == 0 && *size > 128 ? 128 : *size));
        DWORD edge = chance(2) == 0 ? edges[chance(10)] : (DWORD)*size - chance(40) + 20;
        switch (chance(5)) {
        case 0:
            bytes[at] = (BYTE)chance(256);
            break;
        case 1:
            bytes[at] ^= (BYTE)(1 << chance(8));
            break;
        case 2:
            if (*size >= at + 4)
                memcpy(bytes + at, &edge, 4);
            break;
        case 3:
            if (*size > at + 1)
                *size = at + 1;
            break;
        default: /* a copy of another part */
            if (*size >= at + 16)
                memmove(bytes + at, bytes + chance((unsigned)(*size - 15)), 16);
            break;
        }
    }
}

static void no_mutation_leads_out_of_the_file(void **state)
{
    static BYTE bytes[MOST_BYTES];
    static WALK walk;
    unsigned long frames = 0, refused = 0, torn = 0;
    (void)state;

    for (int index = 0; index < NAMES; index++) {
        size_t whole_size = load(names[index]);
        for (unsigned turn = 0; turn < mutations; turn++) {
            size_t size = whole_size;
            memcpy(bytes, whole, whole_size);
            mutate(bytes, &size);
            if (!walk_through(bytes, size, &walk)) {
                refused++;
                continue;
            }
            frames += walk.count;
            torn += walk.end == FORMAT_TORN;
        }
    }
    print_message("%lu frames, %lu refused, %lu torn\n", frames, refused, torn);
    assert_true(frames > 100000 && refused > 1000 && torn > 1000); /* else nothing changes */
}

static void a_refused_variant_is_named(void **state)
{
    static const struct {
        BYTE magic[4];
        const char *word;
    } variants[] = {{{0x34, 0xCD, 0xB2, 0xA1}, "Kuznetzov"},
                    {{0xA1, 0xB2, 0xCD, 0x34}, "Kuznetzov"},
                    {{0xCD, 0x34, 0xB2, 0xA1}, "reserved"},
                    {{0x4D, 0x3C, 0x2B, 0xA1}, "Navtel"},
                    {{'X', 'C', 'P', 0}, "no capture"}};
    (void)state;

    for (size_t index = 0; index < sizeof variants / sizeof *variants; index++) {
        BYTE bytes[64] = {0};
        memcpy(bytes, variants[index].magic, 4);
        VIEW_FILE file = {bytes, sizeof bytes};
        VIEWS views = {{&file, NULL, 0, 0}, {&file, NULL, 0, 0}};
        FORMAT format;
        ULONGLONG position;
        const char *why = NULL;
        assert_false(format_open(&format, &views, &position, &why));
        assert_non_null(strstr(why, variants[index].word));
        view_release(&views.data);
    }
}

/* Records with 8 or 4 more bytes, after the normal magic number. */
static void an_old_variant_with_the_normal_magic_is_refused(void **state)
{
    (void)state;
    for (size_t more = 4; more <= 8; more += 4) {
        BYTE bytes[24 + 3 * (24 + 60)] = {0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4};
        size_t at = 24;
        bytes[20] = 1;
        for (int record = 0; record < 3; record++) {
            const DWORD header[4] = {1795225485, 17, 60, 60};
            memcpy(bytes + at, header, sizeof header);
            memset(bytes + at + 16, 0xA5, more + 60);
            at += 16 + more + 60;
        }
        VIEW_FILE file = {bytes, at};
        VIEWS views = {{&file, NULL, 0, 0}, {&file, NULL, 0, 0}};
        FORMAT format;
        ULONGLONG position;
        const char *why = NULL;
        assert_false(format_open(&format, &views, &position, &why));
        assert_non_null(strstr(why, more == 4 ? "Nokia" : "Red Hat"));
        view_release(&views.data);
    }
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_read_to_its_end),
        cmocka_unit_test(a_file_cut_off_anywhere_gives_its_first_frames),
        cmocka_unit_test(what_is_no_frame_ends_the_frames_without_a_table),
        cmocka_unit_test(no_mutation_leads_out_of_the_file),
        cmocka_unit_test(a_refused_variant_is_named),
        cmocka_unit_test(an_old_variant_with_the_normal_magic_is_refused),
    };
    if (argument_count < 2)
        return 2;
    folder = arguments[1];
    if (argument_count > 2)
        mutations = (unsigned)strtoul(arguments[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
