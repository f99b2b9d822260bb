#include "pages/map.h"

#include <string.h>

#include "base/permanent.h"

#define TRIES 64 /* to reserve what another thread may reserve first */

struct map_leaf *volatile map_root[1 << MAP_ROOT_BITS];
int map_exhausted;
static struct map_leaf first_leaf; /* most processes need no second on x64 */
static int first_leaf_used;

static char *where;    /* the address to try first for the next reservation */
static char *at_first; /* and for the first one */
/* The reservation that is being made or released; base is set last and cleared first. */
static struct {
    char *volatile base;
    SIZE_T bytes;
} noted;

static struct map_leaf *volatile *root_of(const char *address)
{
    return &map_root[(ULONG_PTR)address >> (MAP_SHIFT + MAP_LEAF_BITS)];
}

static int make_leaf(struct thread *self, const char *base)
{
    struct map_leaf *leaf = *root_of(base);

    if (leaf)
        return 1;
    leaf = first_leaf_used ? permanent_alloc(self, sizeof *leaf) : &first_leaf;
    first_leaf_used = 1;
    atomic_store(root_of(base), leaf);
    return leaf != NULL;
}

void map_enter(const char *base, SIZE_T bytes, ULONG_PTR entry)
{
    const unsigned leaf_entries = 1U << MAP_LEAF_BITS;
    struct map_leaf *leaf = *root_of(base);
    unsigned first = (unsigned)((ULONG_PTR)base >> MAP_SHIFT) & (leaf_entries - 1);
    SIZE_T count = entry && !(entry & MAP_SEGMENT) ? 1 : bytes >> MAP_SHIFT;

    /* All entries of a segment lie in one leaf. */
    for (SIZE_T i = 0; leaf && i < count && first + i < leaf_entries; i++)
        atomic_store(&leaf->entries[first + i], entry);
}

static ULONG_PTR skip_segment(ULONG_PTR address)
{
    return map_find(address) ? (address & ~(MAP_BYTES - 1)) + MAP_BYTES : address;
}

/* A place behind the newest reservation. If that would need a further leaf that is large, it looks
   once more from the start, or reservations that come and go would leave leaves everywhere. */
static char *find_free(SIZE_T bytes, SIZE_T alignment)
{
    char *base = os_find_free(where, bytes, alignment, skip_segment), *hole;

    if (sizeof(struct map_leaf) < OS_PAGE || !base || *root_of(base))
        return base;
    hole = os_find_free(at_first, bytes, alignment, skip_segment);
    return hole && *root_of(hole) ? hole : base;
}

char *map_reserve(struct thread *self, SIZE_T bytes, SIZE_T alignment)
{
    char *base = NULL, *refused = NULL;

    if (!at_first) /* near this thread's stack, which the system placed at random */
        at_first = where = (char *)((ULONG_PTR)&base & ~(MAP_BYTES - 1));
    map_exhausted = 0;
    for (int i = 0; i < TRIES; i++) {
        base = refused ? os_find_free(where, bytes, alignment, skip_segment)
                       : find_free(bytes, alignment);
        if (!base || base == refused || !make_leaf(self, base))
            break;
        where = base + bytes;
        noted.bytes = bytes;
        atomic_store(&noted.base, base);
        KILL_POINT("reservation about to be made");
        if (os_reserve(base, bytes))
            return base;
        atomic_store(&noted.base, NULL); /* another thread was first, or it only looks free */
        if (!refused)
            refused = base;
    }
    map_exhausted = 1;
    return NULL;
}

void map_publish(const char *base, SIZE_T bytes, ULONG_PTR entry)
{
    map_enter(base, bytes, entry);
    KILL_POINT("reservation published");
    atomic_store(&noted.base, NULL);
}

void map_note_release(char *base, SIZE_T bytes)
{
    noted.bytes = bytes;
    atomic_store(&noted.base, base);
    KILL_POINT("release noted");
}

void map_release(void)
{
    KILL_POINT("reservation about to be released");
    map_enter(noted.base, noted.bytes, 0);
    os_release(noted.base);
    KILL_POINT("reservation released");
    atomic_store(&noted.base, NULL);
}

/* No block in the noted reservation is live: it is not yet used, or was given up. */
void map_repair_begin(void)
{
    if (noted.base)
        map_enter(noted.base, noted.bytes, 0);
}

void map_repair_end(void)
{
    if (noted.base && !map_find((ULONG_PTR)noted.base) &&
        os_is_reserved(noted.base, noted.bytes, OS_PLAIN))
        os_release(noted.base);
    atomic_store(&noted.base, NULL);
}

void map_shutdown(void)
{
    memset((void *)map_root, 0, sizeof map_root); /* other leaves go with the permanent memory */
    memset(&first_leaf, 0, sizeof first_leaf);
    first_leaf_used = 0;
    where = at_first = NULL;
}
