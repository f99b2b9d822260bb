#include "library.h"

#include <stdio.h>

const char *library_path = "Nmapi.dll";

static HMODULE dll;

#ifdef NMAPI_NATIVE

#include "expert/bias.h"
#include "expert/reclaim.h"
#include "heap/record_heap.h"
#include "heap_check.h"
#include "region_check.h"
#include "standin.h"

/* Records of experts and threads, tables of them, what is committed ahead for more. */
#define FEW_RECORDS ((SIZE_T)256 << 10)

static struct standin_usage before;
static int decommits, refused_to_take_back; /* calls that are to fail; calls that have failed */

void library_begin(const char *options)
{
    SetEnvironmentVariableA("NMAPI_OPTIONS", options);
    standin_get_usage(&before);
    refused_to_take_back = 0;
    dll = functions_load(library_path);
}

const char *library_check_expert(HEXPERTKEY key)
{
    struct thread *self = bias_thread();
    struct expert *e = table_find(key);

    return self && (!e || !e->heap || heap_is_valid(self, e->heap)) ? NULL : "the heap is valid";
}

const char *library_check_pages(void)
{
    struct thread *self = bias_thread();

    return self && region_is_valid(self) ? NULL : "the pages are valid";
}

/* Records stay until the library is unloaded, because threads may have stale pointers to them. */
static SIZE_T records(void)
{
    SIZE_T bytes = FEW_RECORDS + (record_sums.used + segment_state_pages) * OS_PAGE;

    for (size_t i = 0; i < sizeof map_root / sizeof *map_root; i++)
        bytes += map_root[i] ? sizeof(struct map_leaf) : 0;
    return bytes;
}

const char *library_check_closed(void)
{
    struct thread *self = bias_thread();
    struct standin_usage now;
    SIZE_T most;

    if (!self || !region_is_valid(self))
        return "the pages are valid";
    region_trim(self);
    most = records();
    standin_get_usage(&now);
    /* What the system refused to release is lost, whatever the library does. */
    if (now.committed > before.committed + most && !refused_to_take_back) {
        fprintf(stderr, "%lu bytes are committed, %lu in records\n",
                (unsigned long)(now.committed - before.committed), (unsigned long)most);
        return "nothing but records is committed";
    }
    return cache_pages() ? "the cache can be emptied" : NULL;
}

const char *library_end(void)
{
    struct standin_usage now;

    FreeLibrary(dll);
    for (size_t i = 0; i < sizeof map_root / sizeof *map_root; i++)
        map_root[i] = NULL; /* released with the DLL's own data */
    standin_get_usage(&now);
    if (now.reservations == before.reservations && now.reserved == before.reserved &&
        now.committed == before.committed && now.handles == before.handles &&
        now.tls_indexes == before.tls_indexes)
        return NULL;
    fprintf(stderr, "%ld reservations, %ld bytes, %ld committed, %ld handles, %ld TLS\n",
            (long)(now.reservations - before.reservations), (long)(now.reserved - before.reserved),
            (long)(now.committed - before.committed), (long)(now.handles - before.handles),
            (long)(now.tls_indexes - before.tls_indexes));
    return "the library leaves nothing behind";
}

void library_fail(unsigned kind, unsigned long n, int forever)
{
    static const char *const kinds[] = {"VirtualAlloc.reserve", "VirtualAlloc.commit",
                                        "VirtualFree.decommit", "VirtualAlloc"};

    standin_fail_at(kinds[kind % 4], n, forever);
    decommits = kind % 4 == 2;
}

void library_fail_never(void)
{
    refused_to_take_back |= decommits && standin_failed();
    standin_fail_never();
}

#else

void library_begin(const char *options)
{
    SetEnvironmentVariableA("NMAPI_OPTIONS", options);
    dll = functions_load(library_path);
}

const char *library_check_expert(HEXPERTKEY key)
{
    (void)key;
    return NULL;
}

const char *library_check_pages(void)
{
    return NULL;
}

const char *library_check_closed(void)
{
    return NULL;
}

const char *library_end(void)
{
    return FreeLibrary(dll) && !GetModuleHandleA(library_path) ? NULL : "the DLL is unloaded";
}

void library_fail(unsigned kind, unsigned long n, int forever)
{
    (void)kind;
    (void)n;
    (void)forever;
}

void library_fail_never(void)
{
}

#endif
