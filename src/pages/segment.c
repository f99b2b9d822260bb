#include "pages/segment.h"

#include <string.h>

#include "base/bits.h"
#include "base/list.h"
#include "base/permanent.h"

#define FINE_UNITS 16 /* up to which each number of units is a class */
#define LINE_BYTES 64 /* of a processor's cache */
#define STATES_BYTES (UNIT_STATES * sizeof(uint16_t)) /* for each unit */

static struct segment *volatile all; /* by all; those without base stand for nothing */
/* Those whose longest run of cold units is at least the class's units, but not the next one's. */
static struct segment *with_cold[UNIT_CLASSES];
SIZE_T segment_state_pages;

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

/* What a segment consists of */

/* Those that block states lie in. */
static unsigned state_units(const struct segment *s)
{
    return (unsigned)(s->bytes / UNIT_BYTES / SEGMENT_STATES);
}

static unsigned data_units(const struct segment *s)
{
    return (unsigned)(s->bytes / UNIT_BYTES) - state_units(s);
}

/* The number of a region's first unit among the data units. */
static unsigned unit_of(const struct record *r)
{
    const struct segment *s = r->segment;

    return (unsigned)((SIZE_T)(r->region.base - s->base) / UNIT_BYTES) - state_units(s);
}

static void make_cold(struct segment *s)
{
    memset(s->cold, 0, sizeof s->cold);
    bits_set_run(s->cold, segment_unit((ULONG_PTR)s->base) + state_units(s), data_units(s), 1);
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
    list = &with_cold[unit_class(longest + 1) - 1];
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
    segment_state_pages -= s->state_pages;
    map_note_release(s->base, s->bytes);
    atomic_store(&s->base, NULL);
    map_release();
}

/* Block states */

static int commit_states(struct segment *s, SIZE_T bytes)
{
    SIZE_T pages = (bytes + OS_PAGE - 1) / OS_PAGE, have = s->state_pages;

    if (pages <= have)
        return 1;
    if (!os_commit(s->base + have * OS_PAGE, (pages - have) * OS_PAGE))
        return 0;
    segment_state_pages += pages - have;
    s->state_pages = (uint16_t)pages;
    return 1;
}

static void decommit_states(struct segment *s)
{
    uint16_t pages = s->state_pages;

    s->state_pages = 0;
    KILL_POINT("block states about to be decommitted");
    if (os_decommit(s->base, pages * OS_PAGE))
        segment_state_pages -= pages;
    else
        s->state_pages = pages;
}

int segment_set_states(struct record *r, unsigned states)
{
    struct segment *s = r->segment;
    SIZE_T unit = unit_of(r), bytes = states * sizeof(uint16_t);
    SIZE_T room = r->pages / UNIT_PAGES * STATES_BYTES;
    /* Where in the room varies. Otherwise the states that spans use first would share a few sets of
       the processor's cache. */
    SIZE_T line = unit / 16 % ((room - bytes) / LINE_BYTES + 1);
    SIZE_T at = unit * STATES_BYTES + line * LINE_BYTES;

    if (states && !commit_states(s, at + bytes))
        return 0;
    r->region.states = (uint16_t *)(void *)(s->base + at);
    s->with_states = (uint16_t)(s->with_states + (states != 0) - (r->region.state_count != 0));
    r->region.state_count = (uint16_t)states;
    if (!s->with_states && s->state_pages)
        decommit_states(s);
    return 1;
}

/* Regions */

void segment_enter(struct record *r)
{
    struct segment *s = r->segment;
    unsigned first = segment_unit((ULONG_PTR)r->region.base), units = r->pages / UNIT_PAGES;

    bits_set_run(s->cold, first, units, 0);
    for (unsigned i = first; i < first + units; i++)
        atomic_store(&s->regions[i], &r->region);
    s->with_states = (uint16_t)(s->with_states + (r->region.state_count != 0));
}

struct record *segment_take(struct thread *self, unsigned units)
{
    struct record *r = record_new(self);
    struct segment *s = NULL;
    unsigned first;

    if (!r)
        return NULL;
    for (unsigned c = unit_class(units); c < UNIT_CLASSES && !s; c++)
        s = with_cold[c];
    if (!s)
        s = make(self);
    if (!s) {
        record_free(r);
        return NULL;
    }
    first = bits_find_run(s->cold, SEGMENT_UNITS, units);
    r->segment = s;
    r->pages = units * UNIT_PAGES;
    KILL_POINT("units about to be taken");
    /* First, and cleared last in segment_free: no unit leads to a record without region. */
    atomic_store(&r->region.base,
                 s->base + (SIZE_T)(first - segment_unit((ULONG_PTR)s->base)) * UNIT_BYTES);
    KILL_POINT("units about to lead to their region");
    segment_enter(r);
    list_anew(s);
    return r;
}

void segment_free(struct record *r)
{
    struct segment *s = r->segment;
    unsigned first = segment_unit((ULONG_PTR)r->region.base), units = r->pages / UNIT_PAGES;

    segment_set_states(r, 0);
    for (unsigned i = first; i < first + units; i++)
        atomic_store(&s->regions[i], NULL);
    record_free(r);
    bits_set_run(s->cold, first, units, 1);
    list_anew(s);
    if (s->longest == data_units(s))
        release(s);
}

/* Repair */

void segment_repair_begin(void)
{
    memset((void *)with_cold, 0, sizeof with_cold);
    segment_state_pages = 0;
    for (struct segment *s = all; s; s = s->all) {
        SIZE_T noted = s->state_pages * OS_PAGE, most = s->bytes / SEGMENT_STATES;
        s->longest = s->with_states = 0;
        if (!s->base)
            continue;
        make_cold(s);
        /* What a killed thread had committed before it noted that, or still had to decommit. */
        if (noted < most)
            os_decommit(s->base + noted, most - noted);
        segment_state_pages += s->state_pages;
        map_enter(s->base, s->bytes, (ULONG_PTR)s + MAP_SEGMENT);
    }
}

void segment_repair_end(void)
{
    for (struct segment *s = all; s; s = s->all)
        if (s->base)
            list_anew(s);
}

void segment_shutdown(void)
{
    for (struct segment *s = all; s; s = s->all)
        if (s->base)
            os_release(s->base);
    all = NULL;
}
