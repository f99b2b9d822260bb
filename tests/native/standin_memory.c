/*
 * standin_memory.c - VirtualAlloc and related calls over mmap.
 *
 * Each reservation has a record with a byte for each page; the map finds the record of any address.
 * One lock guards everything; the kernel's own lock is as coarse.
 */
#include "standin_map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int memory_lock;
static SIZE_T region_count, reserved_bytes, committed_bytes;
static SIZE_T commit_limit;

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

    region = standin_pool_new(bytes);
    if (!region) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    base = wanted ? standin_map_exactly(wanted, size) : standin_map_anywhere(size);
    if (!base) {
        standin_pool_free(region, bytes);
        return wanted ? ERROR_INVALID_ADDRESS : ERROR_NOT_ENOUGH_MEMORY;
    }
    if (!standin_map_prepare(base, base + size)) {
        munmap((void *)base, size);
        standin_pool_free(region, bytes);
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    region->base = base;
    region->size = size;
    region->protect = protect;
    standin_map_set(base, base + size, region);
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
    struct region *region = standin_map_find(address);

    if (!region || region->base != address) {
        return ERROR_INVALID_ADDRESS;
    }
    if (munmap((void *)region->base, region->size) != 0) {
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    committed_bytes -= count_committed(region, 0, region->size / PAGE) * PAGE;
    reserved_bytes -= region->size;
    region_count--;
    standin_map_set(region->base, region->base + region->size, NULL);
    standin_map_hole(region->base, region->size);
    standin_pool_free(region, sizeof *region + region->size / PAGE);
    return NO_ERROR;
}

static DWORD decommit(ULONG_PTR address, ULONG_PTR size)
{
    struct region *region = standin_map_find(address);
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
    if (standin_map_at(begin, end - begin, MAP_FIXED) != begin) {
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
            return ERROR_INVALID_PARAMETER; /* the lowest granule is never given */
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
        region = standin_map_find(begin);
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
    struct region *region = standin_map_find(address);
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

static void query(ULONG_PTR address, MEMORY_BASIC_INFORMATION *info)
{
    struct region *region = standin_map_find(address);
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
        BOOL any = standin_mapping_from(page, &next);
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
