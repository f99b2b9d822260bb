/* view.h over bytes in memory, which VIEW_FILE.mapping points to. It returns a copy of exactly the
   bytes that were asked for, freed by the next call, so a sanitizer detects reads beyond or
   later. */
#include <stdlib.h>
#include <string.h>

#include "view.h"

void view_release(VIEW *view)
{
    free((void *)(uintptr_t)view->base);
    view->base = NULL;
}

const BYTE *view_at(VIEW *view, ULONGLONG offset, DWORD bytes)
{
    const VIEW_FILE *file = view->file;

    if (offset > file->size || bytes > file->size - offset)
        return NULL;
    view_release(view);
    BYTE *copy = malloc(bytes);
    if (copy == NULL)
        abort();
    if (bytes != 0)
        memcpy(copy, (const BYTE *)file->mapping + offset, bytes);
    view->base = copy;
    return copy;
}
