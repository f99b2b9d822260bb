/*
 * captures.c - how fast nmhost reads: frames a second of ExpertGetFrame, through Nmapi.dll, over a
 * capture that it makes: pcap, frames of 60 to 1,514 bytes. And how soon an expert in a child
 * process has its first frame: this program is nmhost then, and its own child.
 *
 *     nmhost_bench [MIB [FILE]]     1,024 MiB; FILE stays, a temporary one does not
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include "capture.h"
#include "run.h"
#include "supply.h"

enum { TURNS = 5, CHUNK = 1 << 20, CHILDREN = 21 };

static LIBRARY library;
static BYTE chunk[CHUNK];
static OPTIONS options;

static double seconds(void)
{
    LARGE_INTEGER now, frequency;

    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&frequency);
    return (double)now.QuadPart / (double)frequency.QuadPart;
}

/* This thread's processor time, so other programs do not count. */
static double processor_seconds(void)
{
    FILETIME created, ended, kernel, user;

    GetThreadTimes(GetCurrentThread(), &created, &ended, &kernel, &user);
    return ((double)kernel.dwLowDateTime + user.dwLowDateTime +
            ((double)kernel.dwHighDateTime + user.dwHighDateTime) * 4294967296.0) /
           1e7;
}

/* Most frames are short or full, as in captures of file transfers. */
static DWORD length_of(DWORD number)
{
    DWORD place = number % 10;
    return place < 5 ? 60 + number % 40 : place < 6 ? 100 + number % 1000 : 1514;
}

static BOOL make(const char *path, DWORD mib)
{
    static const DWORD header[6] = {0xA1B2C3D4, 0x00040002, 0, 0, 65535, 1};
    DWORD used = sizeof header, written, number = 0;
    ULONGLONG left = (ULONGLONG)mib << 20;

    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    memcpy(chunk, header, sizeof header);
    while (left > 0) {
        for (;; number++) {
            DWORD length = length_of(number),
                  record[4] = {number / 1000, number % 1000 * 1000, length, length};
            if (used + 16 + length > CHUNK)
                break;
            memcpy(chunk + used, record, 16);
            memset(chunk + used + 16, (int)(number & 0xFF), length);
            /* Ethernet, IPv4, UDP. */
            memcpy(chunk + used + 28, "\x08\x00\x45", 3);
            chunk[used + 16 + 23] = 17;
            used += 16 + length;
        }
        if (!WriteFile(file, chunk, used, &written, NULL) || written != used)
            break;
        left = left > used ? left - used : 0;
        used = 0;
    }
    CloseHandle(file);
    return left == 0;
}

static DWORD fetch_all(HEXPERTKEY key)
{
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
    DWORD frames = 0;

    while (ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, 0, frame.FrameNumber, NULL, &frame) ==
           NMERR_SUCCESS)
        frames++;
    return frames;
}

/* Takes what first_frame.c tells. */
static void hear(void *counter, MESSAGE_KIND kind, const void *data, DWORD bytes)
{
    const STATUS_FACTS *status = data;
    (void)bytes;

    if (kind == MESSAGE_STATUS)
        *(ULONGLONG *)counter = strtoull(status->text, NULL, 16);
}

static int compare(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

/* From just before the child's process is started to the first ExpertGetFrame's return in it.
   FALSE: no frame came. */
static BOOL time_children(char *program, char *file)
{
    char expert[MAX_PATH + 16], *arguments[] = {program, file, expert};
    LARGE_INTEGER frequency, start;
    double milliseconds[CHILDREN];

    GetModuleFileNameA(NULL, expert, MAX_PATH);
    strcpy(strrchr(expert, '\\') + 1, "first_frame.dll");
    if (!options_parse(3, arguments, &options))
        return FALSE;
    QueryPerformanceFrequency(&frequency);
    for (int child = 0; child < CHILDREN; child++) {
        ULONGLONG first = 0;
        RUN run = {.options = &options,
                   .capture = options.capture[0],
                   .expert = options.expert[0],
                   .sink = hear,
                   .context = &first};
        QueryPerformanceCounter(&start);
        run_in_child(&run);
        if (first == 0)
            return FALSE;
        milliseconds[child] =
            (double)(first - (ULONGLONG)start.QuadPart) * 1000 / (double)frequency.QuadPart;
    }
    qsort(milliseconds, CHILDREN, sizeof *milliseconds, compare);
    printf(
        "%d children: first frame %.0f ms after the process was started, median %.0f; target 100\n",
        CHILDREN, milliseconds[0], milliseconds[CHILDREN / 2]);
    return TRUE;
}

int main(int argument_count, char **arguments)
{
    if (argument_count > 3) /* run_in_child has started it */
        return options_parse(argument_count, arguments, &options) ? run_as_child(&options) : 2;
    DWORD mib = argument_count > 1 ? (DWORD)strtoul(arguments[1], NULL, 10) : 1024;
    HEXPERTKEY key = (HEXPERTKEY)1;
    CAPTURE_FRAME first;
    char folder[MAX_PATH - 14], path[MAX_PATH], why[128];
    double best = 0;

    GetTempPathA(sizeof folder, folder);
    GetTempFileNameA(folder, "nmh", 0, path);
    char *file = argument_count > 2 ? arguments[2] : path;
    if (!library_load(&library) || !make(file, mib)) {
        printf("the capture cannot be made\n");
        return 1;
    }
    if (!time_children(arguments[0], file)) {
        printf("no frame came in a child\n");
        return 1;
    }
    double start = seconds();
    if (!capture_open(file, why, sizeof why) || !capture_frame(0, NULL, 0, &first)) {
        printf("%s\n", why);
        return 1;
    }
    printf("%lu MiB: first frame after %.1f ms", mib, (seconds() - start) * 1000);
    DWORD frames = capture_frames();
    printf(", all %lu indexed after %.2f s\n", frames, seconds() - start);
    if (!supply_open(&library, NULL) || !supply_begin())
        return 1;
    library.open_expert(key, NULL);
    supply_thread(key);
    for (int turn = 0; turn < TURNS; turn++) {
        double processor = processor_seconds();
        start = seconds();
        if (fetch_all(key) != frames) {
            printf("not all frames came\n");
            return 1;
        }
        double rate = frames / (seconds() - start);
        processor = processor_seconds() - processor;
        printf("%.2f million frames a second, %.0f ns of the processor's time each\n", rate / 1e6,
               processor * 1e9 / frames);
        best = rate > best ? rate : best;
    }
    printf("best: %.2f million; target 5\n", best / 1e6);
    supply_end();
    supply_close();
    capture_close();
    DeleteFileA(path);
    return 0;
}
