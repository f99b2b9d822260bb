#include "view.h"

/* Each thread that reads has windows of its own: on x86 many small ones must fit. */
#define WINDOW ((SIZE_T)(sizeof(void *) == 8 ? 1024 : 1) << 20)
#define GRANULE 65536u /* where a window may start */

BOOL view_open(VIEW_FILE *file, const char *path)
{
    DWORD high = 0;

    file->mapping = NULL;
    file->size = 0;
    HANDLE handle =
        CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return FALSE;
    SetLastError(NO_ERROR);
    DWORD low = GetFileSize(handle, &high);
    if (low != INVALID_FILE_SIZE || GetLastError() == NO_ERROR) {
        file->size = (ULONGLONG)high << 32 | low;
        /* Of the size as it is now: who writes the file on meanwhile adds nothing. */
        file->mapping = CreateFileMappingA(handle, NULL, PAGE_READONLY, high, low, NULL);
    }
    CloseHandle(handle);
    return file->mapping != NULL;
}

void view_close(VIEW_FILE *file)
{
    if (file->mapping != NULL)
        CloseHandle(file->mapping);
    file->mapping = NULL;
}

void view_release(VIEW *view)
{
    const BYTE *base = view->base;

    /* First, so that nobody uses it who takes this view over from a thread that is killed here. */
    view->base = NULL;
    if (base != NULL)
        UnmapViewOfFile(base);
}

/* Maps a window around the bytes: behind the offset, or before it when that is the way it
   slides. */
static BOOL slide(VIEW *view, ULONGLONG offset, DWORD bytes)
{
    ULONGLONG start = offset, end = offset + bytes;

    if (view->base != NULL && offset < view->start)
        start = end > WINDOW ? end - WINDOW : 0;
    if (start > offset)
        start = offset;
    start -= start % GRANULE;
    if (end < start + WINDOW)
        end = start + WINDOW;
    if (end > view->file->size)
        end = view->file->size;
    view_release(view);
    const BYTE *base = MapViewOfFile(view->file->mapping, FILE_MAP_READ, (DWORD)(start >> 32),
                                     (DWORD)start, (SIZE_T)(end - start));
    view->start = start;
    view->bytes = (SIZE_T)(end - start);
    view->base = base;
    return base != NULL;
}

const BYTE *view_at(VIEW *view, ULONGLONG offset, DWORD bytes)
{
    ULONGLONG size = view->file->size;

    if (offset > size || bytes > size - offset)
        return NULL;
    BOOL inside =
        view->base != NULL && offset >= view->start && offset - view->start + bytes <= view->bytes;
    if (!inside && !slide(view, offset, bytes))
        return NULL;
    return view->base + (SIZE_T)(offset - view->start);
}
