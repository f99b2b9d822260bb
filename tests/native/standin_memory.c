/*
 * standin_memory.c - VirtualAlloc and its kin over mmap.
 *
 * Each reservation has a record with a byte for each page; a two-level table finds the record for
 * any address. All under one lock, which the kernel's own makes no worse.
 */
#include "standin_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE ((ULONG_PTR)4096)
#define GRANULE ((ULONG_PTR)65536)
#define ADDRESS_END ((ULONG_PTR)0x7fffffff0000) /* first address that is not the program's */

/* A page's byte: 0 while only reserved, else its PAGE_... protection; PAGE_GUARD is shown by
   PAGE_NOACCESS beside another. */
struct region {
    ULONG_PTR base;
    ULONG_PTR size;
    DWORD protect; /* of the reservation */
    BYTE pages[];
};

#define LEAF_BITS 16
#define LEAF_SIZE ((ULONG_PTR)1 << LEAF_BITS)

static int memory_lock;
static struct region **table[(ADDRESS_END >> (16 + LEAF_BITS)) + 1];
static SIZE_T region_count, reserved_bytes, committed_bytes;
static SIZE_T commit_limit;

/* Arena: powers of two from 64 bytes up, cut from chunks; big ones straight from the system. */

#define ARENA_CHUNK ((SIZE_T)1 << 20)
#define ARENA_BIG ((SIZE_T)1 << 16)

static int arena_lock;
static void *arena_lists[17];
static char *arena_at, *arena_end;

static unsigned arena_class(SIZE_T bytes)
{
    return bytes <= 64 ? 6U : 64U - (unsigned)__builtin_clzll(bytes - 1);
}

static void *map_new(SIZE_T bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

void *standin_arena_new(SIZE_T bytes)
{
    unsigned class = arena_class(bytes);
    void *block;

    if (bytes > ARENA_BIG) {
        return map_new(bytes);
    }
    standin_lock(&arena_lock);
    block = arena_lists[class];
    if (block) {
        memcpy(&arena_lists[class], block, sizeof(void *));
    } else {
        if ((SIZE_T)(arena_end - arena_at) < (SIZE_T)1 << class) {
            arena_at = map_new(ARENA_CHUNK);
            arena_end = arena_at ? arena_at + ARENA_CHUNK : NULL;
        }
        if (arena_at) {
            block = arena_at;
            arena_at += (SIZE_T)1 << class;
        }
    }
    standin_unlock(&arena_lock);
    if (block) {
        memset(block, 0, bytes);
    }
    return block;
}

void standin_arena_free(void *block, SIZE_T bytes)
{
    unsigned class = arena_class(bytes);

    if (bytes > ARENA_BIG) {
        munmap(block, bytes);
        return;
    }
    standin_lock(&arena_lock);
    memcpy(block, &arena_lists[class], sizeof(void *));
    arena_lists[class] = block;
    standin_unlock(&arena_lock);
}

/* The table */

static struct region *region_at(ULONG_PTR address)
{
    struct region **leaf;

    if (address >= ADDRESS_END) {
        return NULL;
    }
    leaf = table[address >> (16 + LEAF_BITS)];
    return leaf ? leaf[(address >> 16) & (LEAF_SIZE - 1)] : NULL;
}

/* Leaves stay for good; the kernel gives pages only to the parts in use. */
static BOOL table_prepare(ULONG_PTR base, ULONG_PTR end)
{
    ULONG_PTR i;

    for (i = base >> (16 + LEAF_BITS); i <= (end - 1) >> (16 + LEAF_BITS); i++) {
        if (!table[i]) {
            table[i] = map_new(LEAF_SIZE * sizeof(struct region *));
            if (!table[i]) {
                return FALSE;
            }
        }
    }
    return TRUE;
}

static void table_set(ULONG_PTR base, ULONG_PTR end, struct region *region)
{
    for (; base < end; base += GRANULE) {
        table[base >> (16 + LEAF_BITS)][(base >> 16) & (LEAF_SIZE - 1)] = region;
    }
}

/* Room for a reservation without an address: first fit, upwards, in a stretch of our own. low[c] is
   where a hole for 2^c granules may be, none of it below. */

#define STRETCH ((ULONG_PTR)1 << 37)
#define CLASSES 22

static ULONG_PTR stretch;
static ULONG_PTR low[CLASSES];

static unsigned size_class(ULONG_PTR size)
{
    ULONG_PTR granules = (size + GRANULE - 1) / GRANULE;
    return granules <= 1 ? 0U : 64U - (unsigned)__builtin_clzll(granules - 1);
}

static ULONG_PTR map_at(ULONG_PTR address, ULONG_PTR size, int more)
{
    void *at = mmap((void *)address, size, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | more, -1, 0);
    return at == MAP_FAILED ? 0 : (ULONG_PTR)at;
}

/* At exactly this address or not at all. */
static ULONG_PTR map_exactly(ULONG_PTR address, ULONG_PTR size)
{
    ULONG_PTR at = map_at(address, size, MAP_FIXED_NOREPLACE);
    if (at && at != address) { /* a kernel that does not know the flag */
        munmap((void *)at, size);
        errno = EEXIST;
        return 0;
    }
    return at;
}

static ULONG_PTR map_in_stretch(ULONG_PTR size)
{
    unsigned class = size_class(size);
    ULONG_PTR end, at;

    if (!stretch) {
        /* Well below where the kernel begins, which goes down from there. */
        ULONG_PTR top = map_at(0, GRANULE, 0);
        unsigned i;
        if (!top) {
            return 0;
        }
        munmap((void *)top, GRANULE);
        stretch = top > 4 * STRETCH ? top - 2 * STRETCH : top + GRANULE * 65536; /* Valgrind's */
        stretch &= ~(GRANULE - 1);
        for (i = 0; i < CLASSES; i++) {
            low[i] = stretch;
        }
    }
    if (class >= CLASSES) {
        return 0;
    }
    end = stretch + STRETCH;
    at = low[class];
    while (at + size <= end) {
        ULONG_PTR probe;
        struct region *region = NULL;
        for (probe = at; probe < at + size; probe += GRANULE) {
            region = region_at(probe);
            if (region) {
                break;
            }
        }
        if (region) {
            at = (region->base + region->size + GRANULE - 1) & ~(GRANULE - 1);
            continue;
        }
        if (map_exactly(at, size)) {
            low[class] = at + size;
            low[class] = (low[class] + GRANULE - 1) & ~(GRANULE - 1);
            return at;
        }
        if (errno != EEXIST) {
            return 0;
        }
        at += GRANULE * 256; /* somebody else's mapping */
    }
    low[class] = at;
    return 0;
}

/* A hole opened here. */
static void lower(ULONG_PTR base, ULONG_PTR size)
{
    unsigned last = size_class(size);
    unsigned i;

    if (base < stretch || base >= stretch + STRETCH) {
        return;
    }
    for (i = 0; i <= last && i < CLASSES; i++) {
        if (base < low[i]) {
            low[i] = base;
        }
    }
}

static ULONG_PTR map_anywhere(ULONG_PTR size)
{
    ULONG_PTR at = map_in_stretch(size);
    ULONG_PTR aligned;

    if (at) {
        return at;
    }
    if (size > ADDRESS_END - GRANULE) {
        return 0;
    }
    at = map_at(0, size + GRANULE, 0);
    if (!at) {
        return 0;
    }
    aligned = (at + GRANULE - 1) & ~(GRANULE - 1);
    if (aligned > at) {
        munmap((void *)at, aligned - at);
    }
    munmap((void *)(aligned + size), at + GRANULE - aligned);
    return aligned;
}

/* Protection */

static BOOL protect_is_valid(DWORD protect)
{
    DWORD access = protect & 0xffU;
    return access && (access & (access - 1)) == 0 &&
           !(protect & ~(0xffU | PAGE_GUARD | PAGE_NOCACHE)) &&
           !((protect & PAGE_GUARD) && access == PAGE_NOACCESS);
}

static BYTE page_of_protect(DWORD protect)
{
    return (BYTE)((protect & 0xffU) | ((protect & PAGE_GUARD) ? PAGE_NOACCESS : 0U));
}

static DWORD protect_of_page(BYTE page)
{
    if ((page & PAGE_NOACCESS) && page != PAGE_NOACCESS) {
        return (page & ~PAGE_NOACCESS) | PAGE_GUARD;
    }
    return page;
}

/* Guard pages fault each time, not once. */
static int system_protect(DWORD protect)
{
    if (protect & PAGE_GUARD) {
        return PROT_NONE;
    }
    switch (protect & 0xffU) {
    case PAGE_READONLY:
        return PROT_READ;
    case PAGE_READWRITE:
    case PAGE_WRITECOPY:
        return PROT_READ | PROT_WRITE;
    case PAGE_EXECUTE:
    case PAGE_EXECUTE_READ:
        return PROT_READ | PROT_EXEC;
    case PAGE_EXECUTE_READWRITE:
    case PAGE_EXECUTE_WRITECOPY:
        return PROT_READ | PROT_WRITE | PROT_EXEC;
    default:
        return PROT_NONE;
    }
}

static SIZE_T count_committed(const struct region *region, ULONG_PTR first, ULONG_PTR last)
{
    SIZE_T count = 0;
    for (; first < last; first++) {
        count += region->pages[first] != 0;
    }
    return count;
}

/* The calls; the lock is held, and each returns an error code. */

static DWORD reserve(ULONG_PTR wanted, ULONG_PTR size, DWORD protect, struct region **result)
{
    struct region *region;
    SIZE_T bytes = sizeof *region + size / PAGE;
    ULONG_PTR base;

    region = standin_arena_new(bytes);
    if (!region) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    base = wanted ? map_exactly(wanted, size) : map_anywhere(size);
    if (!base) {
        standin_arena_free(region, bytes);
        return wanted ? ERROR_INVALID_ADDRESS : ERROR_NOT_ENOUGH_MEMORY;
    }
    if (!table_prepare(base, base + size)) {
        munmap((void *)base, size);
        standin_arena_free(region, bytes);
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    region->base = base;
    region->size = size;
    region->protect = protect;
    table_set(base, base + size, region);
    region_count++;
    reserved_bytes += size;
    *result = region;
    return NO_ERROR;
}

static DWORD commit(struct region *region, ULONG_PTR begin, ULONG_PTR end, DWORD protect)
{
    ULONG_PTR first = (begin - region->base) / PAGE;
    ULONG_PTR last = (end - region->base) / PAGE;
    SIZE_T fresh = (last - first - count_committed(region, first, last)) * PAGE;

    if (!commit_limit) {
        commit_limit = (SIZE_T)sysconf(_SC_PHYS_PAGES) * PAGE;
    }
    if (fresh > commit_limit || committed_bytes > commit_limit - fresh) {
        return ERROR_COMMITMENT_LIMIT;
    }
    if (mprotect((void *)begin, end - begin, system_protect(protect)) != 0) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    memset(region->pages + first, page_of_protect(protect), last - first);
    committed_bytes += fresh;
    return NO_ERROR;
}

static DWORD release(ULONG_PTR address)
{
    struct region *region = region_at(address);

    if (!region || region->base != address) {
        return ERROR_INVALID_ADDRESS;
    }
    if (munmap((void *)region->base, region->size) != 0) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    committed_bytes -= count_committed(region, 0, region->size / PAGE) * PAGE;
    reserved_bytes -= region->size;
    region_count--;
    table_set(region->base, region->base + region->size, NULL);
    lower(region->base, region->size);
    standin_arena_free(region, sizeof *region + region->size / PAGE);
    return NO_ERROR;
}

static DWORD decommit(ULONG_PTR address, ULONG_PTR size)
{
    struct region *region = region_at(address);
    ULONG_PTR begin = address & ~(PAGE - 1);
    ULONG_PTR end;

    if (!region) {
        return ERROR_INVALID_ADDRESS;
    }
    if (size == 0) {
        if (address != region->base) {
            return ERROR_INVALID_ADDRESS;
        }
        size = region->size;
    }
    if (size > region->base + region->size - address) {
        return ERROR_INVALID_ADDRESS;
    }
    end = (address + size + PAGE - 1) & ~(PAGE - 1);
    /* A new mapping: zero at the next commit, and new to ThreadSanitizer too. */
    if (map_at(begin, end - begin, MAP_FIXED) != begin) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    begin = (begin - region->base) / PAGE;
    end = (end - region->base) / PAGE;
    committed_bytes -= count_committed(region, begin, end) * PAGE;
    memset(region->pages + begin, 0, end - begin);
    return NO_ERROR;
}

static DWORD allocate(ULONG_PTR *address, SIZE_T size, DWORD type, DWORD protect)
{
    struct region *region = NULL;
    ULONG_PTR begin, end;
    DWORD error;

    if (size == 0 || !protect_is_valid(protect) || (type & (MEM_RESERVE | MEM_COMMIT)) == 0 ||
        (type & ~(MEM_RESERVE | MEM_COMMIT | MEM_TOP_DOWN)) != 0 || *address >= ADDRESS_END ||
        size > ADDRESS_END - *address) {
        return ERROR_INVALID_PARAMETER;
    }
    if (!*address) {
        type |= MEM_RESERVE;
    }
    if (type & MEM_RESERVE) {
        begin = *address & ~(GRANULE - 1);
        end = (*address + size + PAGE - 1) & ~(PAGE - 1);
        if (*address && !begin) {
            return ERROR_INVALID_PARAMETER; /* the lowest granule is nobody's */
        }
        error = reserve(begin, end - begin, protect, &region);
        if (error) {
            return error;
        }
        begin = region->base;
        end = region->base + region->size;
    } else {
        begin = *address & ~(PAGE - 1);
        end = (*address + size + PAGE - 1) & ~(PAGE - 1);
        region = region_at(begin);
        if (!region || end > region->base + region->size) {
            return ERROR_INVALID_ADDRESS;
        }
    }
    *address = begin;
    if (type & MEM_COMMIT) {
        error = commit(region, begin, end, protect);
        if (error && (type & MEM_RESERVE)) {
            release(begin);
        }
        return error;
    }
    return NO_ERROR;
}

LPVOID VirtualAlloc(LPVOID address, SIZE_T size, DWORD type, DWORD protect)
{
    enum standin_call which =
        !address || (type & MEM_RESERVE) ? STANDIN_VirtualAllocReserve : STANDIN_VirtualAllocCommit;
    ULONG_PTR at = (ULONG_PTR)address;
    DWORD error = ERROR_NOT_ENOUGH_MEMORY;

    if (standin_begin_call(which)) {
        standin_lock(&memory_lock);
        error = allocate(&at, size, type, protect);
        standin_unlock(&memory_lock);
    }
    if (error) {
        SetLastError(error);
        at = 0;
    }
    standin_end_call(which);
    return (LPVOID)at;
}

BOOL VirtualFree(LPVOID address, SIZE_T size, DWORD type)
{
    enum standin_call which =
        type == MEM_DECOMMIT ? STANDIN_VirtualFreeDecommit : STANDIN_VirtualFreeRelease;
    DWORD error = ERROR_NOT_ENOUGH_MEMORY;

    if (standin_begin_call(which)) {
        standin_lock(&memory_lock);
        if (type == MEM_DECOMMIT) {
            error = decommit((ULONG_PTR)address, size);
        } else if (type != MEM_RELEASE || size != 0) {
            error = ERROR_INVALID_PARAMETER;
        } else {
            error = release((ULONG_PTR)address);
        }
        standin_unlock(&memory_lock);
    }
    if (error) {
        SetLastError(error);
    }
    standin_end_call(which);
    return error == NO_ERROR;
}

static DWORD change_protection(ULONG_PTR address, SIZE_T size, DWORD protect, DWORD *old)
{
    struct region *region = region_at(address);
    ULONG_PTR begin = address & ~(PAGE - 1);
    ULONG_PTR end, first, last;

    if (!protect_is_valid(protect) || size == 0) {
        return ERROR_INVALID_PARAMETER;
    }
    if (!region || address >= region->base + region->size ||
        size > region->base + region->size - address) {
        return ERROR_INVALID_ADDRESS;
    }
    end = (address + size + PAGE - 1) & ~(PAGE - 1);
    first = (begin - region->base) / PAGE;
    last = (end - region->base) / PAGE;
    if (count_committed(region, first, last) != last - first) {
        return ERROR_INVALID_ADDRESS;
    }
    if (mprotect((void *)begin, end - begin, system_protect(protect)) != 0) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    *old = protect_of_page(region->pages[first]);
    memset(region->pages + first, page_of_protect(protect), last - first);
    return NO_ERROR;
}

BOOL VirtualProtect(LPVOID address, SIZE_T size, DWORD protect, DWORD *old_protect)
{
    DWORD error = ERROR_NOT_ENOUGH_MEMORY;

    if (standin_begin_call(STANDIN_VirtualProtect)) {
        standin_lock(&memory_lock);
        error = change_protection((ULONG_PTR)address, size, protect, old_protect);
        standin_unlock(&memory_lock);
    }
    if (error) {
        SetLastError(error);
    }
    standin_end_call(STANDIN_VirtualProtect);
    return error == NO_ERROR;
}

/* Mappings that are not ours */

struct mapping {
    ULONG_PTR begin, end;
    DWORD protect;
    BOOL file;
};

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

static void query(ULONG_PTR address, MEMORY_BASIC_INFORMATION *info)
{
    struct region *region = region_at(address);
    ULONG_PTR page = address & ~(PAGE - 1);

    memset(info, 0, sizeof *info);
    info->BaseAddress = (PVOID)page;
    if (region && page < region->base + region->size) {
        ULONG_PTR first = (page - region->base) / PAGE;
        ULONG_PTR last = first;
        while (last < region->size / PAGE && region->pages[last] == region->pages[first]) {
            last++;
        }
        info->AllocationBase = (PVOID)region->base;
        info->AllocationProtect = region->protect;
        info->RegionSize = (last - first) * PAGE;
        info->State = region->pages[first] ? MEM_COMMIT : MEM_RESERVE;
        info->Protect = protect_of_page(region->pages[first]);
        info->Type = MEM_PRIVATE;
    } else {
        struct mapping next;
        BOOL any;
        if (!next_mapping_fast(page, &next, &any)) {
            next_mapping_slow(page, &next, &any);
        }
        if (any && next.begin <= page) {
            info->AllocationBase = (PVOID)next.begin;
            info->AllocationProtect = next.protect;
            info->RegionSize = next.end - page;
            info->State = MEM_COMMIT;
            info->Protect = next.protect;
            info->Type = next.file ? MEM_IMAGE : MEM_PRIVATE;
        } else {
            ULONG_PTR end = any && next.begin < ADDRESS_END ? next.begin : ADDRESS_END;
            info->RegionSize = end - page;
            info->State = MEM_FREE;
            info->Protect = PAGE_NOACCESS;
        }
    }
}

SIZE_T VirtualQuery(LPCVOID address, MEMORY_BASIC_INFORMATION *info, SIZE_T length)
{
    SIZE_T result = 0;

    if (!standin_begin_call(STANDIN_VirtualQuery)) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    } else if (length < sizeof *info || (ULONG_PTR)address >= ADDRESS_END) {
        SetLastError(ERROR_INVALID_PARAMETER);
    } else {
        standin_lock(&memory_lock);
        query((ULONG_PTR)address, info);
        standin_unlock(&memory_lock);
        result = sizeof *info;
    }
    standin_end_call(STANDIN_VirtualQuery);
    return result;
}

void GetSystemInfo(SYSTEM_INFO *info)
{
    memset(info, 0, sizeof *info);
    info->u.s.wProcessorArchitecture = 9; /* AMD64 */
    info->dwPageSize = (DWORD)PAGE;
    info->lpMinimumApplicationAddress = (LPVOID)GRANULE;
    info->lpMaximumApplicationAddress = (LPVOID)(ADDRESS_END - 1);
    info->dwNumberOfProcessors = (DWORD)sysconf(_SC_NPROCESSORS_ONLN);
    info->dwActiveProcessorMask = ((DWORD_PTR)1 << info->dwNumberOfProcessors) - 1;
    info->dwProcessorType = 8664;
    info->dwAllocationGranularity = (DWORD)GRANULE;
}

HANDLE HeapCreate(DWORD options, SIZE_T first, SIZE_T most)
{
    (void)options, (void)first, (void)most;
    return malloc(1);
}

BOOL HeapDestroy(HANDLE heap)
{
    free(heap);
    return TRUE;
}

HANDLE GetProcessHeap(void)
{
    static char process_heap;

    return &process_heap;
}

LPVOID HeapAlloc(HANDLE heap, DWORD flags, SIZE_T bytes)
{
    (void)heap, (void)flags;
    return malloc(bytes);
}

BOOL HeapFree(HANDLE heap, DWORD flags, LPVOID block)
{
    (void)heap, (void)flags;
    free(block);
    return TRUE;
}

void standin_set_commit_limit(SIZE_T bytes)
{
    standin_enter();
    standin_lock(&memory_lock);
    commit_limit = bytes;
    standin_unlock(&memory_lock);
    standin_leave();
}

void standin_memory_usage(struct standin_usage *usage)
{
    standin_lock(&memory_lock);
    usage->reservations = region_count;
    usage->reserved = reserved_bytes;
    usage->committed = committed_bytes;
    standin_unlock(&memory_lock);
}
