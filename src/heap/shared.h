/*
 * shared.h - spans whose blocks belong to several owners, after a block of one was handed over.
 *
 * A block must keep its address, so its whole span leaves the giver's heap: from then on each block has an
 * owner of its own. What is free in it is the giver's next blocks of that class, or a giver who hands over
 * each block that it makes would leave a span behind each. The span goes when its last live block does. One
 * lock guards all of them; they are few.
 */
#ifndef NMAPI_SHARED_H
#define NMAPI_SHARED_H

#include "heap/span.h"

/* The owner of the regions: ask shared_owner for that of a block. */
#define SHARED_OWNER ((void *)3)

/* Turns a span, taken out of its heap's lists, into a shared one whose live blocks are all `owner`'s. 0 if
   there is no memory; then it is a span as before. */
int shared_make(struct thread *self, struct span *span, void *owner);
/* A block in a span that the giver has had to share, not zero; NULL if there is none with room. */
void *shared_alloc(struct thread *self, void *giver, unsigned size_class, SIZE_T bytes);
/* Whose the live block at this address is, its index and its size; NULL: nobody's. */
void *shared_owner(struct thread *self, const void *address, unsigned *index, SIZE_T *bytes);
/* By the block's owner; the block is known to be live. */
void shared_free(struct thread *self, void *address);
void shared_give(struct thread *self, void *address, void *owner);
/* Visits every block of one owner. */
void shared_visit(struct thread *self, void *owner, void (*visit)(void *, SIZE_T, void *),
                  void *context);
/* Frees every block of one owner. `quarantined`: they become nobody's, and stay so until the span goes. */
void shared_release(struct thread *self, void *owner, int quarantined);
void shared_shutdown(void);

#endif
