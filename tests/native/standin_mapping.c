/*
 * standin_mapping.c - other mappings in the address space, as the kernel lists them.
 */
#include "standin_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Linux 6.11's query of one mapping; the headers may be older. */
struct map_query {
    ULONGLONG size, flags, address;
    ULONGLONG begin, end, access, page_size, offset, inode;
    DWORD major, minor, name_size, id_size;
    ULONGLONG name, id;
};
#define MAP_QUERY _IOWR('f', 17, struct map_query)
#define MAP_QUERY_OR_NEXT 0x10U

static BOOL next_mapping_fast(ULONG_PTR address, struct mapping *found, BOOL *any)
{
    static int maps = -2;
    struct map_query query;

    if (maps == -2) {
        maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    }
    if (maps < 0) {
        return FALSE;
    }
    memset(&query, 0, sizeof query);
    query.size = sizeof query;
    query.flags = MAP_QUERY_OR_NEXT;
    query.address = address;
    if (ioctl(maps, MAP_QUERY, &query) != 0) {
        *any = FALSE;
        return errno == ENOENT; /* nothing from here up; else the kernel can't tell */
    }
    found->begin = query.begin;
    found->end = query.end;
    found->file = query.inode != 0;
    found->protect = (query.access & 4)
                         ? ((query.access & 2) ? PAGE_EXECUTE_READWRITE : PAGE_EXECUTE_READ)
                     : (query.access & 2) ? PAGE_READWRITE
                     : (query.access & 1) ? PAGE_READONLY
                                          : PAGE_NOACCESS;
    *any = TRUE;
    return TRUE;
}

/* Reads /proc/self/maps line by line, without stdio, which allocates. */
static void next_mapping_slow(ULONG_PTR address, struct mapping *found, BOOL *any)
{
    static char text[65536];
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t held = 0;
    ssize_t got;

    *any = FALSE;
    while (maps >= 0 && (got = read(maps, text + held, sizeof text - 1 - held)) > 0) {
        char *line = text;
        char *stop;
        held += (size_t)got;
        text[held] = 0;
        while ((stop = strchr(line, '\n')) != NULL) {
            char *at;
            found->begin = strtoull(line, &at, 16);
            found->end = strtoull(at + 1, &at, 16);
            if (found->end > address) {
                at++; /* "rwxp " */
                found->protect = at[2] == 'x'
                                     ? (at[1] == 'w' ? PAGE_EXECUTE_READWRITE : PAGE_EXECUTE_READ)
                                 : at[1] == 'w' ? PAGE_READWRITE
                                 : at[0] == 'r' ? PAGE_READONLY
                                                : PAGE_NOACCESS;
                found->file = memchr(line, '/', (size_t)(stop - line)) != NULL;
                *any = TRUE;
                close(maps);
                return;
            }
            line = stop + 1;
        }
        held -= (size_t)(line - text);
        memmove(text, line, held);
    }
    if (maps >= 0) {
        close(maps);
    }
}

BOOL standin_mapping_from(ULONG_PTR address, struct mapping *found)
{
    BOOL any;

    if (!next_mapping_fast(address, found, &any)) {
        next_mapping_slow(address, found, &any);
    }
    return any;
}
