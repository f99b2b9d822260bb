/*
 * list.h - lists whose items can be taken out anywhere. An item has two fields: `next`, and `link`,
 * the address of the pointer that leads to it: the list itself or the `next` before it.
 */
#pragma once

/* Puts an item first; or, with the `next` of another item as the list, behind that one. */
#define LIST_PUSH(list, item)                                                                      \
    do {                                                                                           \
        (item)->next = *(list);                                                                    \
        (item)->link = (list);                                                                     \
        if ((item)->next)                                                                          \
            (item)->next->link = &(item)->next;                                                    \
        *(list) = (item);                                                                          \
    } while (0)

#define LIST_PULL(item)                                                                            \
    do {                                                                                           \
        if ((item)->next)                                                                          \
            (item)->next->link = (item)->link;                                                     \
        *(item)->link = (item)->next;                                                              \
    } while (0)
