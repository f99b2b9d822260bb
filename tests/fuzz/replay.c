/*
 * replay.c - the series of calls of fuzz_calls without libFuzzer, in any build: those of a folder's
 * files, those that a seed gives, or both. Prints a digest of all that was answered; it is the same
 * in every build.
 *
 *   [--folder=PATH] [--calls=N] [--seed=N] [--expect=DIGEST] [--faults] [--verbose]
 *   [PATH of Nmapi.dll]
 *   --verbose    prints the digest after each series, to find where two builds differ
 *   --trace      prints each call
 *   --keep=FILE  writes each series there before it is run, so that the failing one is at hand
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "drive.h"
#include "library.h"

#ifdef NMAPI_NATIVE
#include <dirent.h>
#endif

enum { NAMES_MOST = 1000, NAME_MOST = 300, SERIES = 3000, FILE_MOST = 1 << 20 };

static char names[NAMES_MOST][NAME_MOST];
static unsigned name_count;
static uint8_t bytes[FILE_MOST];
static int faults, verbose;
static const char *keep;

static const char *digest_text(void)
{
    static char text[17];

    snprintf(text, sizeof text, "%08lx%08lx", (unsigned long)(check_digest >> 32),
             (unsigned long)(check_digest & 0xFFFFFFFFU));
    return text;
}

static void run(size_t count)
{
    FILE *file = keep ? fopen(keep, "wb") : NULL;

    if (file) {
        fwrite(bytes, 1, count, file);
        fclose(file);
    }
    drive(bytes, count, faults);
    if (verbose)
        printf("  %lu bytes, %lu calls, digest %s\n", (unsigned long)count, check_calls,
               digest_text());
}

static void note_name(const char *folder, const char *name)
{
    if (name[0] == '.')
        return;
    if (name_count == NAMES_MOST ||
        snprintf(names[name_count], NAME_MOST, "%s/%s", folder, name) >= NAME_MOST) {
        fprintf(stderr, "%s: too many files, or too long a name\n", folder);
        exit(2);
    }
    name_count++;
}

static void find_names(const char *folder)
{
#ifdef NMAPI_NATIVE
    DIR *open = opendir(folder);
    struct dirent *entry;

    while (open && (entry = readdir(open)) != NULL)
        note_name(folder, entry->d_name);
    if (open)
        closedir(open);
#else
    char pattern[NAME_MOST];
    WIN32_FIND_DATAA found;
    HANDLE search;

    snprintf(pattern, sizeof pattern, "%s/*", folder);
    search = FindFirstFileA(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return;
    do
        note_name(folder, found.cFileName);
    while (FindNextFileA(search, &found));
    FindClose(search);
#endif
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void replay_folder(const char *folder)
{
    find_names(folder);
    qsort(names, name_count, sizeof *names, compare);
    for (unsigned i = 0; i < name_count; i++) {
        FILE *file = fopen(names[i], "rb");
        size_t count = file ? fread(bytes, 1, sizeof bytes, file) : 0;
        if (!file) {
            fprintf(stderr, "%s: cannot be read\n", names[i]);
            exit(2);
        }
        fclose(file);
        run(count);
    }
    printf("%u files\n", name_count);
    if (!name_count)
        exit(2);
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545F4914F6CDD1DULL;
}

static void replay_seed(unsigned long seed, unsigned long calls)
{
    uint64_t state = (seed + 1) * 0x9E3779B97F4A7C15ULL;
    unsigned long since = check_calls;

    while (check_calls - since < calls) {
        size_t count = 1 + (size_t)(next_random(&state) >> 40) % SERIES;
        for (size_t i = 0; i < count; i++)
            bytes[i] = (uint8_t)(next_random(&state) >> 56);
        run(count);
    }
}

int main(int argc, char **argv)
{
    unsigned long calls = 0, seed = 1;
    const char *folder = NULL, *expected = NULL;

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--folder=", 9) == 0)
            folder = argv[i] + 9;
        else if (strncmp(argv[i], "--calls=", 8) == 0)
            calls = strtoul(argv[i] + 8, NULL, 0);
        else if (strncmp(argv[i], "--seed=", 7) == 0)
            seed = strtoul(argv[i] + 7, NULL, 0);
        else if (strncmp(argv[i], "--expect=", 9) == 0)
            expected = argv[i] + 9;
        else if (strcmp(argv[i], "--faults") == 0)
            faults = 1;
        else if (strncmp(argv[i], "--keep=", 7) == 0)
            keep = argv[i] + 7;
        else if (strcmp(argv[i], "--trace") == 0)
            check_trace = 1;
        else if (strcmp(argv[i], "--verbose") == 0)
            verbose = 1;
        else
            library_path = argv[i];
    }
    if (folder)
        replay_folder(folder);
    if (calls) {
        printf("seed %lu\n", seed);
        fflush(stdout);
        replay_seed(seed, calls);
    }
    printf("%lu calls, digest %s\n", check_calls, digest_text());
    if (expected && strcmp(expected, digest_text()) != 0) {
        printf("expected %s\n", expected);
        return 1;
    }
    return check_calls == 0;
}
