/*
 * expert_api.c - the functions that experts call (nmapi.h): arguments, codes, and who may touch
 * which block. Each tries the common case first, which needs no lock. Everything else takes the
 * slow path from its beginning.
 */
#include "expert/bias.h"

static void set_error(DWORD *error, DWORD code)
{
    if (error)
        *error = code;
}

/* The implicit expert that a block belongs to: another implicit one may use the block as its own.
   NULL if it belongs to nobody or to an expert that the host opened; *code says which. */
static struct expert *legacy_owner(struct thread *self, const void *address, DWORD *code)
{
    struct heap_block block;
    struct expert *owner;
    enum heap_result result = heap_find(self, NULL, address, &block);

    *code = (DWORD)result;
    if (result == HEAP_BAD)
        return NULL;
    owner = block.owner; /* the DLL's own blocks are nobody's: HEAP_BAD */
    return expert_is_implicit(owner) ? owner : NULL;
}

/* With the owner locked. HEAP_FOREIGN: the block is no longer the owner's. For a resize `to` is
   locked too, and the block moves into its heap; NULL: it is only freed. */
static enum heap_result take_over(struct thread *self, struct expert *to, struct expert *owner,
                                  LPVOID *address, SIZE_T bytes)
{
    struct heap_block block;
    enum heap_result result = HEAP_FOREIGN;
    LPVOID moved = NULL;

    if (owner->heap && expert_is_implicit(owner) && (!to || expert_is_implicit(to)))
        result = heap_find(self, owner->heap, *address, &block);
    if (result != HEAP_OK)
        return result;
    if (to) {
        moved = heap_alloc(self, to->heap, bytes);
        if (!moved)
            return HEAP_FULL;
        memcpy(moved, *address, bytes < block.bytes ? bytes : block.bytes);
    }
    heap_free(self, owner->heap, *address);
    *address = moved;
    return HEAP_OK;
}

/* Frees a block of another implicit expert, or moves it into the heap of `to`, if that is implicit
   too. A block whose owner changes before that owner is locked is looked up again. */
static DWORD use_legacy(struct thread *self, struct expert *to, LPVOID *address, SIZE_T bytes)
{
    DWORD code;

    do {
        struct expert *owner = legacy_owner(self, *address, &code), *with = to ? to : owner;
        if (!owner || !expert_is_implicit(with))
            return code;
        bias_enter_both(self, with, owner); /* both the same if it was handed over meanwhile */
        code = to && to->state != EXPERT_OPEN ? NMERR_EXPERT_TERMINATE
                                              : (DWORD)take_over(self, to, owner, address, bytes);
        bias_leave_both(with, owner);
    } while (code == NMERR_ACCESS_DENIED);
    return code;
}

/* What a call that allocates or resizes returns. */
static LPVOID answer(struct expert *e, DWORD code, LPVOID block, DWORD *error)
{
    if (code == NMERR_SUCCESS)
        return block;
    if (e)
        atomic_add(&e->refused, 1);
    set_error(error, code);
    return NULL;
}

static NOINLINE LPVOID alloc_slow(HEXPERTKEY key, SIZE_T bytes, DWORD *error)
{
    struct thread *self = bias_thread();
    struct expert *e = NULL;
    LPVOID block = NULL;
    DWORD code = self ? bias_enter(self, key, BIAS_CREATE, &e) : NMERR_OUT_OF_MEMORY;

    if (code == NMERR_SUCCESS) {
        block = heap_alloc(self, e->heap, bytes);
        bias_leave(self, e);
        if (!block)
            code = NMERR_OUT_OF_MEMORY;
    }
    return answer(e, code, block, error);
}

/* The rare cases are tail calls, so that the common case needs no stack. "Inside": the calling
   thread is in the expert's heap, and the function leaves it. */

/* Inside. */
static NOINLINE LPVOID alloc_near(struct thread *self, HEXPERTKEY key, SIZE_T bytes, DWORD *error)
{
    LPVOID block = heap_alloc(self, self->heap, bytes);

    bias_leave_fast(self, key);
    return LIKELY(block != NULL) ? block : alloc_slow(key, bytes, error);
}

static NOINLINE LPVOID alloc_other(struct thread *self, HEXPERTKEY key, SIZE_T bytes, DWORD *error)
{
    return bias_enter_other(self, key) ? alloc_near(self, key, bytes, error)
                                       : alloc_slow(key, bytes, error);
}

/* Inside, with a block that is not zero yet. */
ZERO_WIDE static NOINLINE LPVOID alloc_wide(struct thread *self, HEXPERTKEY key, LPVOID block,
                                            SIZE_T bytes)
{
    zero_wide(block, bytes);
    bias_leave_fast(self, key);
    return block;
}

LINE_ALIGNED
LPVOID WINAPI ExpertAllocMemory(HEXPERTKEY hExpertKey, SIZE_T nBytes, DWORD *pError)
{
    struct thread *self;
    struct span *span;
    LPVOID block;

    set_error(pError, NMERR_SUCCESS); /* first: if this faults, nothing was allocated */
    self = thread_self_fast();
    if (UNLIKELY(!self) || UNLIKELY(!bias_enter_fast(self, hExpertKey)))
        return alloc_other(self, hExpertKey, nBytes, pError);
    span = LIKELY(nBytes <= SPAN_QUICK) ? heap_alloc_fast(self->heap, nBytes) : NULL;
    if (UNLIKELY(!span))
        return alloc_near(self, hExpertKey, nBytes, pError);
    block = span_take_freed(span, nBytes);
    if (nBytes > ZERO_SHORT && LIKELY(os_has_avx))
        return alloc_wide(self, hExpertKey, block, nBytes);
    zero_block(block, nBytes);
    bias_leave_fast(self, hExpertKey);
    return block;
}

static NOINLINE DWORD free_slow(HEXPERTKEY key, LPVOID address)
{
    struct thread *self;
    struct expert *e = NULL;
    DWORD code;

    if (!key)
        return NMERR_INVALID_EXPERT_HANDLE;
    if (!address)
        return NMERR_SUCCESS;
    self = bias_thread();
    if (!self)
        return NMERR_OUT_OF_MEMORY;
    code = bias_enter(self, key, BIAS_EVEN_TERMINATED, &e);
    if (code == NMERR_SUCCESS) {
        int terminated = e->state == EXPERT_TERMINATED;
        code = (DWORD)heap_free(self, e->heap, address);
        bias_leave(self, e);
        if (code == NMERR_ACCESS_DENIED && expert_is_implicit(e))
            code = use_legacy(self, NULL, &address, 0);
        if (terminated)
            code = NMERR_EXPERT_TERMINATE;
    } else if (expert_may_come(e) && use_legacy(self, NULL, &address, 0) == NMERR_SUCCESS) {
        return NMERR_SUCCESS;
    }
    if (code != NMERR_SUCCESS && e)
        atomic_add(&e->refused, 1);
    return code;
}

/* Inside. What heap_free_fast can't free: a block of another kind, or none of the caller's. */
static NOINLINE DWORD free_near(struct thread *self, HEXPERTKEY key, LPVOID address)
{
    enum heap_result result = heap_free(self, self->heap, address);

    bias_leave_fast(self, key);
    return LIKELY(result == HEAP_OK) ? NMERR_SUCCESS : free_slow(key, address);
}

/* Inside, with a span that is empty now. */
static NOINLINE DWORD free_emptied(struct thread *self, HEXPERTKEY key, struct span *span)
{
    heap_span_emptied(self, self->heap, span);
    bias_leave_fast(self, key);
    return NMERR_SUCCESS;
}

/* Inside. */
static ALWAYS_INLINE DWORD free_inside(struct thread *self, HEXPERTKEY key, LPVOID address)
{
    struct span *span = heap_free_fast(self->heap, address);

    if (UNLIKELY(!span))
        return free_near(self, key, address);
    if (UNLIKELY(!span->used))
        return free_emptied(self, key, span);
    bias_leave_fast(self, key);
    return NMERR_SUCCESS;
}

static NOINLINE DWORD free_other(struct thread *self, HEXPERTKEY key, LPVOID address)
{
    return bias_enter_other(self, key) ? free_inside(self, key, address) : free_slow(key, address);
}

LINE_ALIGNED
DWORD WINAPI ExpertFreeMemory(HEXPERTKEY hExpertKey, LPVOID pOriginalMemory)
{
    struct thread *self = thread_self_fast();

    if (UNLIKELY(!self) || UNLIKELY(!bias_enter_fast(self, hExpertKey)))
        return free_other(self, hExpertKey, pOriginalMemory);
    return free_inside(self, hExpertKey, pOriginalMemory);
}

static LPVOID realloc_slow(HEXPERTKEY key, LPVOID address, SIZE_T bytes, DWORD *error)
{
    struct thread *self = bias_thread();
    struct expert *e = NULL;
    DWORD code = NMERR_OUT_OF_MEMORY;

    if (self) {
        /* A key is opened implicitly only for a block that it may have. */
        int known = !expert_may_come(table_find(key)) || !legacy_owner(self, address, &code);
        code = bias_enter(self, key, known ? BIAS_KNOWN : BIAS_CREATE, &e);
    }
    if (code == NMERR_SUCCESS) {
        code = (DWORD)heap_realloc(self, e->heap, &address, bytes);
        bias_leave(self, e);
        if (code == NMERR_ACCESS_DENIED)
            code = use_legacy(self, e, &address, bytes);
    }
    return answer(e, code, address, error);
}

LPVOID WINAPI ExpertReallocMemory(HEXPERTKEY hExpertKey, LPVOID pOriginalMemory, SIZE_T nBytes,
                                  DWORD *pError)
{
    struct thread *self;

    if (!pOriginalMemory)
        return ExpertAllocMemory(hExpertKey, nBytes, pError);
    set_error(pError, NMERR_SUCCESS); /* now: it may lie in the block that moves */
    self = thread_self_fast();
    if ((LIKELY(self != NULL) && LIKELY(bias_enter_fast(self, hExpertKey))) ||
        bias_enter_other(self, hExpertKey)) {
        LPVOID block = pOriginalMemory;
        enum heap_result result = heap_realloc(self, self->heap, &block, nBytes);
        bias_leave_fast(self, hExpertKey);
        if (LIKELY(result == HEAP_OK))
            return block;
    }
    return realloc_slow(hExpertKey, pOriginalMemory, nBytes, pError);
}

SIZE_T WINAPI ExpertMemorySize(HEXPERTKEY hExpertKey, LPVOID pOriginalMemory)
{
    struct thread *self = bias_thread();
    enum heap_result result = HEAP_BAD;
    struct heap_block block;
    struct expert *e;

    if (!self)
        return 0;
    if (LIKELY(bias_enter_fast(self, hExpertKey))) {
        result = heap_find(self, self->heap, pOriginalMemory, &block);
        bias_leave_fast(self, hExpertKey);
    } else if (bias_enter(self, hExpertKey, BIAS_EVEN_TERMINATED, &e) == NMERR_SUCCESS) {
        result = heap_find(self, e->heap, pOriginalMemory, &block);
        bias_leave(self, e);
    }
    return result == HEAP_OK ? block.bytes : 0;
}
