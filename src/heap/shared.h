/*
 * shared.h - spans whose blocks belong to several owners, after a block of one was handed over.
 *
 * A block that is handed over must keep its address. So its whole span leaves the giver's heap, and
 * each of its blocks has an owner of its own. The giver's next blocks of that class come from the
 * free ones; otherwise a giver that hands over every block would leave a span for each. The span is
 * freed with its last live block. One lock guards all shared spans, which are few. The owner of a
 * block is stored after the block is live, and cleared before it is free: a live block without
 * owner is what a dead thread left.
 */
#pragma once

#include "heap/span.h"

/* The owner of the regions; shared_owner tells the owner of a block. */
#define SHARED_OWNER ((void *)3)

/* Makes a span, which its heap has taken from its lists, a shared one whose live blocks are all
   `owner`'s. 0: there is no memory, and it is a span as before. */
int shared_make(struct thread *self, struct span *span, void *owner);
/* A zeroed block of a span that the giver has shared; NULL if none has room. */
void *shared_alloc(struct thread *self, void *giver, unsigned size_class, SIZE_T bytes);
/* The owner of a live block; NULL: nobody's. Regions are locked, or the block is the caller's. */
void *shared_owner(const struct span *span, unsigned index);
/* Hands a live block, which the caller owns, to another owner; NULL frees it. */
void shared_give(struct thread *self, struct span *span, unsigned index, void *owner);
/* Visits every block of one owner. */
void shared_visit(struct thread *self, void *owner, void (*visit)(void *, SIZE_T, void *),
                  void *context);
/* Frees every block of one owner. `quarantined`: nobody gets their addresses, and then the span's,
   for a time. */
void shared_release(struct thread *self, void *owner, int quarantined);
void shared_shutdown(void);
