#include "capture.h"

#include <string.h>

#include "comment.h"
#include "format.h"

/*
 * One thread, the host's own, walks through the file from the first frame to the last and notes the
 * position of each 64th. An expert's thread reads on from there, and keeps the records of the block
 * of 64 that it read last. So 8 bytes serve 64 frames.
 */

enum {
    BLOCK = 64,   /* frames of which the index has the first */
    CURSORS = 64, /* threads that read at once in the quick way */
    NO_BLOCK = -1
};
#define MOST_INDEX_BYTES ((ULONGLONG)(sizeof(void *) == 8 ? 1024 : 64) << 20)
#define LEAST_RECORD 16 /* bytes in the file that a frame takes */

/* Where a thread reads just now. */
typedef struct CURSOR {
    volatile LONG thread; /* that has it; 0: nobody */
    LONG block;
    DWORD count;     /* of records */
    ULONGLONG reads; /* frames that were asked for here, ever */
    VIEWS views;
    FORMAT_RECORD records[BLOCK];
} CURSOR;

static VIEW_FILE file;
static FORMAT format;
static VIEWS walk_views;
static ULONGLONG walk_position;
static HANDLE walk_thread;
static HANDLE walk_done; /* an event */
static volatile LONG walk_stop;
static volatile LONG walked; /* frames that the index knows; whole blocks while the walk goes on */
static volatile LONG done = TRUE; /* FALSE only while the walk goes on */
static BOOL torn;                 /* where the walk ended; true once it is done */
static ULONGLONG torn_offset;

static ULONGLONG *block_positions; /* as much as is committed */
static ULONGLONG index_blocks;     /* that are reserved */
static ULONGLONG index_committed;

static CURSOR cursors[CURSORS];
static DWORD cursor_slot = TLS_OUT_OF_INDEXES;
static ULONGLONG start_time;
static BOOL start_known;
static WORD first_media;
static char file_path[MAX_PATH];
static DWORD least_frame;
static DWORD most_frame = CAPTURE_NO_FRAME;

/*
 * The walk
 */

static BOOL note_block(DWORD block, ULONGLONG position)
{
    if (block >= index_blocks)
        return FALSE;
    if (block >= index_committed) {
        SIZE_T bytes = 65536;
        SIZE_T left = (SIZE_T)(index_blocks - index_committed) * sizeof(ULONGLONG);
        if (bytes > left)
            bytes = left;
        if (VirtualAlloc(block_positions + index_committed, bytes, MEM_COMMIT, PAGE_READWRITE) ==
            NULL)
            return FALSE;
        index_committed += bytes / sizeof(ULONGLONG);
    }
    block_positions[block] = position;
    return TRUE;
}

/* Walks through so many frames at most. FALSE once there are no more. */
static BOOL walk(DWORD most)
{
    DWORD number = (DWORD)walked;
    FORMAT_RECORD record;

    for (DWORD end = number + most; number < end && number < CAPTURE_NO_FRAME - 1; number++) {
        FORMAT_RESULT result = format_read(&format, &walk_views, walk_position, TRUE, &record);
        if (result == FORMAT_FRAME && number % BLOCK == 0 &&
            !note_block(number / BLOCK, walk_position))
            result = FORMAT_TORN; /* no memory for more of the index */
        if (result != FORMAT_FRAME) {
            torn = result == FORMAT_TORN;
            torn_offset = record.offset;
            InterlockedExchange(&walked, (LONG)number);
            InterlockedExchange(&done, TRUE);
            return FALSE;
        }
        if (number == 0)
            first_media = record.media;
        if (record.timed && !start_known) {
            start_time = record.time;
            start_known = TRUE;
        }
        comment_take(&walk_views, number, &record);
        walk_position = record.next;
    }
    InterlockedExchange(&walked, (LONG)number);
    return TRUE;
}

static DWORD WINAPI walk_on(LPVOID parameter)
{
    (void)parameter;
    while (!walk_stop && walk(BLOCK))
        continue;
    InterlockedExchange(&done, TRUE);
    SetEvent(walk_done);
    return 0;
}

static BOOL begin_walk(const char **why)
{
    ULONGLONG most = MOST_INDEX_BYTES / sizeof(ULONGLONG);

    index_blocks = file.size / LEAST_RECORD / BLOCK + 1;
    if (format.kind == FORMAT_NETMON && !format.cut) /* its frames may overlap */
        index_blocks = format.table.bytes / 4 / BLOCK + 1ull;
    if (index_blocks > most)
        index_blocks = most;
    *why = "a capture for whose index there is no memory";
    block_positions =
        VirtualAlloc(NULL, (SIZE_T)index_blocks * sizeof(ULONGLONG), MEM_RESERVE, PAGE_READWRITE);
    cursor_slot = TlsAlloc();
    walk_done = CreateEventA(NULL, TRUE, FALSE, NULL);
    if (block_positions == NULL || cursor_slot == TLS_OUT_OF_INDEXES || walk_done == NULL)
        return FALSE;
    done = FALSE;
    comment_begin(&format, &walk_views);
    if (!walk(BLOCK)) { /* the first frames at once, for the start's time too */
        SetEvent(walk_done);
        return TRUE;
    }
    walk_thread = CreateThread(NULL, 0, walk_on, NULL, 0, NULL);
    if (walk_thread == NULL)
        done = TRUE;
    return walk_thread != NULL;
}

BOOL capture_open(const char *path, char text[], DWORD characters)
{
    const char *why = "no file that can be read";
    BOOL good = FALSE;

    lstrcpynA(file_path, path, sizeof file_path);
    if (view_open(&file, path)) {
        walk_views.data.file = &file;
        walk_views.table.file = &file;
        good = format_open(&format, &walk_views, &walk_position, &why) && begin_walk(&why);
    }
    if (!good) {
        capture_close();
        lstrcpynA(text, why, (int)characters);
    }
    return good;
}

static void release_views(VIEWS *views)
{
    view_release(&views->data);
    view_release(&views->table);
}

void capture_close(void)
{
    if (walk_thread != NULL) {
        walk_stop = TRUE;
        WaitForSingleObject(walk_thread, INFINITE);
        CloseHandle(walk_thread);
    }
    if (walk_done != NULL)
        CloseHandle(walk_done);
    if (cursor_slot != TLS_OUT_OF_INDEXES)
        TlsFree(cursor_slot);
    if (block_positions != NULL)
        VirtualFree(block_positions, 0, MEM_RELEASE);
    for (DWORD index = 0; index < CURSORS; index++)
        release_views(&cursors[index].views);
    memset(cursors, 0, sizeof cursors);
    release_views(&walk_views);
    format_close(&format);
    view_close(&file);
    memset(&format, 0, sizeof format);
    walk_thread = walk_done = NULL;
    cursor_slot = TLS_OUT_OF_INDEXES;
    block_positions = NULL;
    index_committed = walk_position = start_time = torn_offset = 0;
    walk_stop = walked = 0;
    comment_forget();
    done = TRUE;
    torn = start_known = FALSE;
    first_media = CAPTURE_UNKNOWN;
}

/*
 * Reading, on any thread
 */

static BOOL has_ended(DWORD thread)
{
    HANDLE handle = OpenThread(SYNCHRONIZE, FALSE, thread);

    if (handle == NULL)
        return TRUE;
    BOOL ended = WaitForSingleObject(handle, 0) == WAIT_OBJECT_0;
    CloseHandle(handle);
    return ended;
}

static void take_over(CURSOR *cursor)
{
    cursor->block = NO_BLOCK;
    cursor->views.data.file = &file;
    cursor->views.table.file = &file;
}

/* A thread's own; NULL if all are taken by threads that live. */
static CURSOR *new_cursor(void)
{
    LONG thread = (LONG)GetCurrentThreadId();

    for (int reap = 0; reap < 2; reap++) {
        for (DWORD index = 0; index < CURSORS; index++) {
            LONG owner = cursors[index].thread;
            if (owner != 0 && owner != thread && (!reap || !has_ended((DWORD)owner)))
                continue;
            if (InterlockedCompareExchange(&cursors[index].thread, thread, owner) == owner) {
                take_over(&cursors[index]);
                (void)TlsSetValue(cursor_slot, &cursors[index]);
                return &cursors[index];
            }
        }
    }
    return NULL;
}

static void wait_for(DWORD number)
{
    while (number >= (DWORD)walked && !done)
        WaitForSingleObject(walk_done, 1);
}

/* Reads the block's records up to the one at the index. No further: who reads in order finds the
   next one in the processor's cache, as memory next to what was copied last. */
static BOOL read_records(CURSOR *cursor, LONG block, DWORD index)
{
    if (cursor->block != block) {
        cursor->count = 0;
        cursor->block = block;
    }
    while (cursor->count <= index) {
        ULONGLONG position =
            cursor->count == 0 ? block_positions[block] : cursor->records[cursor->count - 1].next;
        if (format_read(&format, &cursor->views, position, FALSE,
                        &cursor->records[cursor->count]) != FORMAT_FRAME)
            return FALSE;
        cursor->count++;
    }
    return TRUE;
}

static BOOL read_frame(CURSOR *cursor, DWORD number, BYTE *buffer, DWORD bytes,
                       CAPTURE_FRAME *frame)
{
    cursor->reads++;
    if (!read_records(cursor, (LONG)(number / BLOCK), number % BLOCK))
        return FALSE;
    const FORMAT_RECORD *record = &cursor->records[number % BLOCK];
    frame->number = number;
    frame->time = record->timed ? record->time : start_time;
    /* Of a difference modulo 2^64: times may run backwards. */
    frame->offset = (LONGLONG)(frame->time - start_time) / 10;
    frame->length = record->length;
    frame->stored = record->stored;
    frame->media = record->media;
    frame->data = buffer;
    if (bytes > record->stored)
        bytes = record->stored;
    if (bytes != 0) {
        const BYTE *data = view_at(&cursor->views.data, record->data, bytes);
        if (data == NULL)
            return FALSE;
        memcpy(buffer, data, bytes);
    }
    return TRUE;
}

BOOL capture_frame(DWORD number, BYTE *buffer, DWORD bytes, CAPTURE_FRAME *frame)
{
    DWORD error = GetLastError(); /* which TlsGetValue clears */
    BOOL good = FALSE;

    if (number < least_frame || number > most_frame)
        return FALSE;
    if (number >= (DWORD)walked)
        wait_for(number);
    if (number < (DWORD)walked) {
        CURSOR *cursor = TlsGetValue(cursor_slot);
        if (cursor == NULL)
            cursor = new_cursor();
        if (cursor != NULL) {
            good = read_frame(cursor, number, buffer, bytes, frame);
        } else {
            CURSOR own;
            memset(&own, 0, sizeof own);
            take_over(&own);
            good = read_frame(&own, number, buffer, bytes, frame);
            release_views(&own.views);
        }
    }
    SetLastError(error);
    return good;
}

DWORD capture_frames(void)
{
    if (!done && walk_done != NULL)
        WaitForSingleObject(walk_done, INFINITE);
    return (DWORD)walked;
}

void capture_restrict(DWORD least, DWORD most)
{
    least_frame = least;
    most_frame = most;
}

DWORD capture_neighbour(DWORD number, BOOL forward)
{
    if (forward) {
        number++; /* from 0xFFFFFFFF to 0 */
        return number < least_frame ? least_frame : number;
    }
    DWORD end = capture_frames();
    if (most_frame < end)
        end = most_frame + 1;
    return (number < end ? number : end) - 1;
}

ULONGLONG capture_reads(void)
{
    ULONGLONG reads = 0;

    for (DWORD index = 0; index < CURSORS; index++)
        reads += cursors[index].reads;
    return reads;
}

BOOL capture_torn(DWORD *frame, ULONGLONG *offset)
{
    *frame = capture_frames();
    *offset = torn_offset;
    return torn;
}

const char *capture_file(void)
{
    return file_path;
}

const char *capture_format(void)
{
    return format.name != NULL ? format.name : "";
}

ULONGLONG capture_start(void)
{
    return start_time;
}

BOOL capture_frame_comment(DWORD index, CAPTURE_COMMENT *comment)
{
    return comment_get(index, comment);
}

WORD capture_media(void)
{
    return first_media;
}
