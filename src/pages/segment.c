#include "pages/segment.h"

#include <string.h>

#include "base/bits.h"
#include "base/list.h"
#include "base/permanent.h"

#define FINE_UNITS 16 /* up to which each number of units is a class */

static struct segment *volatile all; /* by all; those without base stand for nothing */
/* Those whose longest run of cold units is at least the class's units, but not the next one's. */
static struct segment *with_cold[UNIT_CLASSES];
static SIZE_T idle_pages; /* of block states in segments where no region has any */

unsigned unit_class(unsigned units)
{
    if (units <= FINE_UNITS)
        return units - 1;
    return FINE_UNITS + bits_eighths(units - 1) - bits_eighths(FINE_UNITS);
}

unsigned unit_class_units(unsigned size_class)
{
    unsigned coarse = size_class - FINE_UNITS;

    if (size_class < FINE_UNITS)
        return size_class + 1;
    return ((coarse & 7) + 9) << (1 + coarse / 8);
}

unsigned unit_class_within(unsigned units)
{
    return unit_class(units + 1) - 1;
}

/* What a segment consists of */

static unsigned all_lines(const struct segment *s)
{
    return (unsigned)(s->bytes / 16 / LINE_BYTES);
}

static void make_cold(struct segment *s)
{
    unsigned first = segment_unit((ULONG_PTR)s->base);
    unsigned units = (unsigned)(s->bytes / UNIT_BYTES), states = units / 16;

    memset(s->cold, 0, sizeof s->cold);
    bits_set_run(s->cold, first + states, units - states, 1);
    memset(s->lines, 0, sizeof s->lines);
    bits_set_run(s->lines, 0, all_lines(s), 1);
    s->free_lines = (uint16_t)all_lines(s);
}

/* The lists of segments with cold units */

/* After its cold units have changed. */
static void list_anew(struct segment *s)
{
    unsigned longest = bits_longest_run(s->cold, SEGMENT_UNITS);
    struct segment **list;

    if (longest == s->longest)
        return;
    if (s->longest)
        LIST_PULL(s);
    s->longest = (uint16_t)longest;
    if (!longest)
        return;
    list = &with_cold[unit_class_within(longest)];
    LIST_PUSH(list, s);
}

/* Reservations */

static struct segment *unused_record(struct thread *self)
{
    struct segment *s;

    for (s = all; s; s = s->all)
        if (!s->base)
            return s;
    s = permanent_alloc(self, sizeof *s);
    if (!s)
        return NULL;
    s->all = all;
    atomic_store(&all, s);
    return s;
}

static struct segment *make(struct thread *self)
{
    struct segment *s = unused_record(self);
    SIZE_T bytes = SEGMENT_BYTES;
    char *base = NULL;

    if (!s)
        return NULL;
    while (!base && bytes >= SEGMENT_LEAST) {
        base = map_reserve(self, bytes, bytes);
        if (!base)
            bytes /= 4;
    }
    if (!base)
        return NULL;
    s->bytes = bytes;
    s->state_pages = 0;
    s->longest = 0;
    KILL_POINT("segment about to be recorded");
    atomic_store(&s->base, base);
    make_cold(s);
    map_publish(base, bytes, (ULONG_PTR)s + MAP_SEGMENT);
    list_anew(s);
    return s;
}

static void release(struct segment *s)
{
    LIST_PULL(s);
    s->longest = 0;
    idle_pages -= s->state_pages; /* nobody has a line */
    map_note_release(s->base, s->bytes);
    atomic_store(&s->base, NULL);
    map_release();
}

/* Lines of block states */

static int commit_states(struct segment *s, unsigned lines)
{
    SIZE_T pages = ((SIZE_T)lines * LINE_BYTES + OS_PAGE - 1) / OS_PAGE, have = s->state_pages;

    if (pages <= have)
        return 1;
    if (!os_commit(s->base + have * OS_PAGE, (pages - have) * OS_PAGE))
        return 0;
    if (s->free_lines == all_lines(s))
        idle_pages += pages - have;
    s->state_pages = (uint16_t)pages;
    return 1;
}

/* Marks lines as free or taken, and counts idle pages. */
static void mark_lines(struct segment *s, unsigned first, unsigned lines, int free)
{
    if (s->free_lines == all_lines(s))
        idle_pages -= s->state_pages;
    bits_set_run(s->lines, first, lines, free);
    s->free_lines = (uint16_t)(free ? s->free_lines + lines : s->free_lines - lines);
    if (s->free_lines == all_lines(s))
        idle_pages += s->state_pages;
}

int segment_take_lines(struct record *r, unsigned lines)
{
    struct segment *s = r->segment;
    unsigned first;

    if (!lines)
        return 1;
    if (s->free_lines < lines)
        return 0;
    first = bits_find_run(s->lines, all_lines(s), lines);
    if (first == all_lines(s) || !commit_states(s, first + lines))
        return 0;
    r->region.states = (uint16_t *)(void *)(s->base + (SIZE_T)first * LINE_BYTES);
    r->first_line = (uint16_t)first;
    r->lines = (uint16_t)lines;
    mark_lines(s, first, lines, 0);
    return 1;
}

void segment_free_lines(struct record *r)
{
    unsigned lines = r->lines;

    r->lines = 0;
    mark_lines(r->segment, r->first_line, lines, 1);
}

SIZE_T segment_idle_pages(void)
{
    return idle_pages;
}

void segment_purge_states(void)
{
    for (struct segment *s = all; s; s = s->all) {
        SIZE_T pages = s->state_pages;
        if (!s->base || !pages || s->free_lines != all_lines(s))
            continue;
        s->state_pages = 0;
        KILL_POINT("block states about to be decommitted");
        if (os_decommit(s->base, pages * OS_PAGE))
            idle_pages -= pages;
        else
            s->state_pages = (uint16_t)pages;
    }
}

/* Regions */

static void enter_units(struct segment *s, struct record *r)
{
    unsigned first = segment_unit((ULONG_PTR)r->region.base), units = r->pages / UNIT_PAGES;

    bits_set_run(s->cold, first, units, 0);
    for (unsigned i = first; i < first + units; i++)
        atomic_store(&s->regions[i], &r->region);
}

/* In a segment that has so long a run of cold units. */
static int take_in(struct segment *s, struct record *r, unsigned units, unsigned lines)
{
    unsigned first;

    r->segment = s;
    first = bits_find_run(s->cold, SEGMENT_UNITS, units);
    if (first == SEGMENT_UNITS || !segment_take_lines(r, lines))
        return 0;
    r->pages = units * UNIT_PAGES;
    KILL_POINT("units about to be taken");
    /* First, and cleared last in segment_free: no unit leads to a record without region. */
    atomic_store(&r->region.base,
                 s->base + (SIZE_T)(first - segment_unit((ULONG_PTR)s->base)) * UNIT_BYTES);
    KILL_POINT("units about to lead to their region");
    enter_units(s, r);
    list_anew(s);
    return 1;
}

struct record *segment_take(struct thread *self, unsigned units, unsigned lines)
{
    struct record *r = record_new(self);
    struct segment *s;

    if (!r)
        return NULL;
    for (unsigned c = unit_class(units); c < UNIT_CLASSES; c++)
        for (s = with_cold[c]; s; s = s->next)
            if (take_in(s, r, units, lines))
                return r;
    s = make(self);
    if (s && take_in(s, r, units, lines))
        return r;
    if (s) /* no memory for block states: or each call that fails would leave one */
        release(s);
    record_free(r);
    return NULL;
}

void segment_free(struct record *r)
{
    struct segment *s = r->segment;
    unsigned first = segment_unit((ULONG_PTR)r->region.base), units = r->pages / UNIT_PAGES;

    for (unsigned i = first; i < first + units; i++)
        atomic_store(&s->regions[i], NULL);
    record_free(r);
    bits_set_run(s->cold, first, units, 1);
    list_anew(s);
    if (s->longest == s->bytes / UNIT_BYTES / 16 * 15) /* all but the block states */
        release(s);
}

/* Repair */

void segment_repair_begin(void)
{
    memset((void *)with_cold, 0, sizeof with_cold);
    for (struct segment *s = all; s; s = s->all) {
        SIZE_T noted = s->state_pages * OS_PAGE, most = s->bytes / 16;
        s->longest = 0;
        if (!s->base)
            continue;
        make_cold(s);
        /* What a killed thread had committed before it noted that, or still had to decommit. */
        if (noted < most)
            os_decommit(s->base + noted, most - noted);
        map_enter(s->base, s->bytes, (ULONG_PTR)s + MAP_SEGMENT);
    }
}

void segment_enter(struct record *r)
{
    struct segment *s = r->segment;

    enter_units(s, r);
    if (r->region.owner <= REGION_QUARANTINED)
        r->lines = 0;
    bits_set_run(s->lines, r->first_line, r->lines, 0);
    s->free_lines = (uint16_t)(s->free_lines - r->lines);
}

void segment_repair_end(void)
{
    idle_pages = 0;
    for (struct segment *s = all; s; s = s->all) {
        if (!s->base)
            continue;
        list_anew(s);
        if (s->free_lines == all_lines(s))
            idle_pages += s->state_pages;
    }
}

void segment_shutdown(void)
{
    for (struct segment *s = all; s; s = s->all)
        if (s->base)
            os_release(s->base);
    all = NULL;
}
