#include "pointers.h"

#include <stdlib.h>

#ifdef _WIN64
#define TOP_BIT ((ULONG_PTR)1 << 63)
#define FAR_OFF ((ULONG_PTR)1 << 32)
#define BEYOND ((ULONG_PTR)1 << 47) /* the first address that no program can use */
#else
#define TOP_BIT ((ULONG_PTR)1 << 31)
#define FAR_OFF ((ULONG_PTR)1 << 29)
#define BEYOND ((ULONG_PTR)0x80000000)
#endif

static int a_static = 1;
static const int a_constant = 1;

static unsigned char *target(const struct group *group)
{
    return group->live[OPENED][0].address;
}

/* Former blocks */

static void *freed_at_once(struct group *group)
{
    void *block = group_make(group);

    assert_int_equal(nm.free(group->keys[OPENED], block), NMERR_SUCCESS);
    group_note(group);
    return block;
}

static void *freed_later(struct group *group)
{
    return group->freed_later;
}

static void *moved_by_realloc(struct group *group)
{
    return group->moved;
}

static void *cut_in_another_way(struct group *group)
{
    return group->reused;
}

static void *of_a_former_life(struct group *group)
{
    return group->former_life;
}

static void *of_a_closed_expert(struct group *group)
{
    return group->closed;
}

static void *of_a_closed_implicit_expert(struct group *group)
{
    return group->closed_implicit;
}

static void *in_quarantine(struct group *group)
{
    return group->quarantined;
}

/* Near a live block */

static void *interior(struct group *group)
{
    return target(group) + MISUSE_ALIGNMENT;
}

static void *middle(struct group *group)
{
    return target(group) + (group->kind->bytes / 2 & ~(MISUSE_ALIGNMENT - 1));
}

static void *last_byte(struct group *group)
{
    return target(group) + group->kind->bytes - 1;
}

static void *one_past_the_end(struct group *group)
{
    return target(group) + group->kind->bytes;
}

/* Where the next block begins, or would. */
static void *end_of_the_last(struct group *group)
{
    SIZE_T bytes = group->kind->bytes ? group->kind->bytes : 1;
    SIZE_T whole = (bytes + MISUSE_ALIGNMENT - 1) & ~(MISUSE_ALIGNMENT - 1);

    for (int i = 0; i < group->counts[OPENED]; i++) {
        unsigned char *end = group->live[OPENED][i].address + whole;
        if (!group_is_live(group, end))
            return end;
    }
    return NULL;
}

static void *unaligned(struct group *group)
{
    return target(group) + 1;
}

static void *half_aligned(struct group *group)
{
    return target(group) + MISUSE_ALIGNMENT / 2;
}

static void *a_byte_before(struct group *group)
{
    return target(group) - 1;
}

static void *before(struct group *group)
{
    return target(group) - MISUSE_ALIGNMENT;
}

static void *a_granule_on(struct group *group)
{
    return target(group) + 0x10000;
}

static void *a_segment_on(struct group *group)
{
    return target(group) + 0x400000;
}

static void *far_on(struct group *group)
{
    return (void *)((ULONG_PTR)target(group) + FAR_OFF);
}

static void *with_the_top_bit(struct group *group)
{
    return (void *)((ULONG_PTR)target(group) ^ TOP_BIT);
}

static void *beyond(struct group *group)
{
    return (void *)((ULONG_PTR)target(group) | BEYOND);
}

/* Where a block would begin that was never handed out. */
static void *last_of_its_pages(struct group *group)
{
    char *from, *to;

    return misuse_run(target(group), &from, &to) ? to - MISUSE_ALIGNMENT : NULL;
}

static void *in_its_guard_page(struct group *group)
{
    char *from, *to;

    return misuse_run(target(group), &from, &to) ? to : NULL;
}

/* Block states of small blocks. */
static void *block_states(struct group *group)
{
    return misuse_reservation(target(group)) + 64;
}

/* Elsewhere */

static void *on_the_stack(struct group *group)
{
    static volatile ULONG_PTR kept;

    kept = (ULONG_PTR)&group;
    return (void *)kept;
}

static void *variable(struct group *group)
{
    (void)group;
    return &a_static;
}

static void *constant(struct group *group)
{
    (void)group;
    return (void *)(ULONG_PTR)&a_constant;
}

static void *code(struct group *group)
{
    (void)group;
    return (void *)(ULONG_PTR)on_the_stack;
}

static void *the_dlls_code(struct group *group)
{
    (void)group;
    return (void *)(ULONG_PTR)nm.free;
}

/* Any writable page of its image; natively the library is this program. */
static void *the_dlls_data(struct group *group)
{
    (void)group;
#ifndef NMAPI_NATIVE
    MEMORY_BASIC_INFORMATION area;
    char *image = misuse_reservation((const void *)(ULONG_PTR)nm.free);

    for (char *at = image; VirtualQuery(at, &area, sizeof area) && area.AllocationBase == image;
         at += area.RegionSize)
        if (area.Protect == PAGE_READWRITE || area.Protect == PAGE_WRITECOPY)
            return at + 64;
    return NULL;
#else
    return &misuse_count;
#endif
}

static void *from_the_process_heap(struct group *group)
{
    static void *block;

    (void)group;
    if (!block)
#ifdef NMAPI_NATIVE
        block = malloc(100);
#else
        block = HeapAlloc(GetProcessHeap(), 0, 100);
#endif
    return block;
}

static void *a_key(struct group *group)
{
    return group->keys[OPENED];
}

static void *one(struct group *group)
{
    (void)group;
    return (void *)(ULONG_PTR)1;
}

static void *the_first_page(struct group *group)
{
    (void)group;
    return (void *)(ULONG_PTR)0x10;
}

static void *the_systems_shared_page(struct group *group)
{
    (void)group;
    return (void *)(ULONG_PTR)0x7FFE0000;
}

static void *the_last_of_the_program(struct group *group)
{
    (void)group;
    return (void *)(BEYOND - MISUSE_ALIGNMENT);
}

static void *the_first_beyond(struct group *group)
{
    (void)group;
    return (void *)BEYOND;
}

static void *the_kernels(struct group *group)
{
    (void)group;
    return (void *)(TOP_BIT | TOP_BIT >> 1 | 0x1000);
}

static void *the_last_of_all(struct group *group)
{
    (void)group;
    return (void *)(0 - (ULONG_PTR)MISUSE_ALIGNMENT);
}

static void *minus_one(struct group *group)
{
    (void)group;
    return (void *)(ULONG_PTR)-1;
}

const struct no_block no_blocks[] = {
    {"freed at once", freed_at_once},
    {"freed later", freed_later},
    {"moved by realloc", moved_by_realloc},
    {"freed, then cut in another way", cut_in_another_way},
    {"of the key's former life", of_a_former_life},
    {"of a closed expert", of_a_closed_expert},
    {"of a closed implicit expert", of_a_closed_implicit_expert},
    {"in quarantine", in_quarantine},
    {"interior", interior},
    {"middle", middle},
    {"last byte", last_byte},
    {"one past the end", one_past_the_end},
    {"end of the last block", end_of_the_last},
    {"unaligned", unaligned},
    {"half aligned", half_aligned},
    {"a byte before", a_byte_before},
    {"before", before},
    {"64 KiB on", a_granule_on},
    {"4 MiB on", a_segment_on},
    {"the lower half alone is right", far_on},
    {"top bit", with_the_top_bit},
    {"a bit too high", beyond},
    {"last of its pages", last_of_its_pages},
    {"guard page", in_its_guard_page},
    {"block states", block_states},
    {"stack", on_the_stack},
    {"variable", variable},
    {"constant", constant},
    {"code", code},
    {"the DLL's code", the_dlls_code},
    {"the DLL's data", the_dlls_data},
    {"process heap", from_the_process_heap},
    {"a key", a_key},
    {"one", one},
    {"first page", the_first_page},
    {"system's shared page", the_systems_shared_page},
    {"last of the program", the_last_of_the_program},
    {"first beyond", the_first_beyond},
    {"kernel", the_kernels},
    {"last of all", the_last_of_all},
    {"minus one", minus_one},
};
const int no_block_count = (int)MISUSE_COUNT(no_blocks);
