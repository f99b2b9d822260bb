#include "caller.h"

#include <stddef.h>
#include <string.h>

#include "handle.h"

enum {
    CALLERS = 1024,
    USUAL_FRAME = 2048, /* bytes that are at hand before a frame's length is known */
    HEAD = offsetof(FRAME, MacFrame)
};

static const LIBRARY *nmapi;
static CALLER *volatile callers[CALLERS]; /* NULL: free */
static DWORD caller_slot = TLS_OUT_OF_INDEXES;
static DWORD key_slot = TLS_OUT_OF_INDEXES;
static HEXPERTKEY volatile last_key; /* of threads that were never told theirs */

BOOL caller_open(const LIBRARY *library)
{
    nmapi = library;
    caller_slot = TlsAlloc();
    key_slot = TlsAlloc();
    return caller_slot != TLS_OUT_OF_INDEXES && key_slot != TLS_OUT_OF_INDEXES;
}

static void release(CALLER *caller)
{
    ring_free(&caller->ring);
    if (caller->thread != NULL)
        CloseHandle(caller->thread);
    VirtualFree(caller, 0, MEM_RELEASE);
}

void caller_close(void)
{
    for (DWORD number = 0; number < CALLERS; number++) {
        if (callers[number] != NULL)
            release(callers[number]);
        callers[number] = NULL;
    }
    if (caller_slot != TLS_OUT_OF_INDEXES)
        TlsFree(caller_slot);
    if (key_slot != TLS_OUT_OF_INDEXES)
        TlsFree(key_slot);
    caller_slot = key_slot = TLS_OUT_OF_INDEXES;
    last_key = NULL;
}

void caller_sweep(void)
{
    for (DWORD number = 0; number < CALLERS; number++) {
        CALLER *caller = callers[number];
        if (caller == NULL || caller->thread == NULL ||
            WaitForSingleObject(caller->thread, 0) != WAIT_OBJECT_0)
            continue;
        callers[number] = NULL;
        release(caller);
    }
}

static CALLER *create(void)
{
    HANDLE process = GetCurrentProcess();

    CALLER *caller = VirtualAlloc(NULL, sizeof *caller, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (caller == NULL)
        return NULL;
    caller->shown.frame = caller->asked.frame = caller->filtered.frame = INVALID_FRAME_NUMBER;
    if (DuplicateHandle(process, GetCurrentThread(), process, &caller->thread, SYNCHRONIZE, FALSE,
                        0)) {
        for (DWORD number = 0; number < CALLERS; number++) {
            if (callers[number] == NULL &&
                InterlockedCompareExchangePointer((PVOID volatile *)&callers[number], caller,
                                                  NULL) == NULL) {
                (void)TlsSetValue(caller_slot, caller);
                return caller;
            }
        }
    }
    release(caller);
    return NULL;
}

CALLER *caller_here(void)
{
    DWORD error = GetLastError(); /* TlsGetValue clears it */
    CALLER *caller = TlsGetValue(caller_slot);

    if (caller == NULL)
        caller = create();
    SetLastError(error);
    return caller;
}

void caller_set_key(HEXPERTKEY key)
{
    (void)TlsSetValue(key_slot, key);
    last_key = key;
}

HEXPERTKEY caller_key(void)
{
    DWORD error = GetLastError();
    HEXPERTKEY key = TlsGetValue(key_slot);

    SetLastError(error);
    return key != NULL ? key : last_key;
}

const LIBRARY *caller_library(void)
{
    return nmapi;
}

static void recognize(COPY *copy)
{
    LAYERS *layers = &copy->layers;
    RECOGNIZEDATA *entries =
        (RECOGNIZEDATA *)(copy->recognized.room + offsetof(RECOGNIZEDATATABLE, RecognizeData));

    protocol_recognize(copy->info.data, copy->info.stored, copy->info.media, layers);
    copy->recognized.table.nRecognizeDatas = (WORD)layers->count;
    for (DWORD layer = 0; layer < layers->count; layer++) {
        entries[layer].ProtocolID = (WORD)(layers->layer[layer].protocol + 1);
        entries[layer].nProtocolOffset = layers->layer[layer].offset;
        entries[layer].InstData = NULL;
    }
}

COPY *caller_try(CALLER *caller, DWORD number)
{
    DWORD room, wanted = USUAL_FRAME;
    COPY *copy;
    BYTE *data;

    for (;;) {
        copy = (COPY *)ring_room(&caller->ring, sizeof *copy + HEAD + wanted, &room);
        if (copy == NULL)
            return NULL;
        data = (BYTE *)(copy + 1) + HEAD;
        room -= (DWORD)sizeof *copy + HEAD;
        if (!capture_frame(number, data, room, &copy->info))
            return NULL;
        if (copy->info.stored <= room)
            break;
        wanted = copy->info.stored;
    }
    copy->info.data = data;
    if (copy->info.media == CAPTURE_UNKNOWN)
        copy->info.media = CAPTURE_ETHERNET; /* as other readers take it */
    copy->frame = (FRAME *)(copy + 1);
    copy->frame->TimeStamp = copy->info.offset;
    copy->frame->FrameLength = copy->info.length;
    copy->frame->nBytesAvail = copy->info.stored;
    recognize(copy);
    return copy;
}

COPY *caller_next(CALLER *caller, BOOL forward, DWORD number)
{
    if (!forward && number == 0)
        return NULL;
    number = capture_neighbour(number, forward);
    return number < HANDLE_FRAME ? caller_try(caller, number) : NULL;
}

void caller_keep(CALLER *caller, COPY *copy)
{
    ring_keep(&caller->ring, (DWORD)sizeof *copy + HEAD + copy->info.stored);
    caller->recent[copy->info.number & (CALLER_RECENT - 1)] =
        (RECENT){copy, caller->ring.kept, copy->info.number};
}

/* NULL if it is not among them, or may have been overwritten by the next one that is tried. */
static COPY *recent_copy(const CALLER *caller, DWORD number)
{
    const RECENT *recent = &caller->recent[number & (CALLER_RECENT - 1)];

    if (recent->kept == 0 || recent->frame != number ||
        caller->ring.kept - recent->kept >= RING_KEEPS)
        return NULL;
    return recent->copy;
}

COPY *caller_frame(CALLER *caller, HFRAME handle)
{
    DWORD number = handle_to_frame(handle);

    if (number == INVALID_FRAME_NUMBER)
        return NULL;
    COPY *copy = recent_copy(caller, number);
    if (copy == NULL) {
        copy = caller_try(caller, number);
        if (copy != NULL)
            caller_keep(caller, copy);
    }
    return copy;
}

COPY *caller_copy(HFRAME handle)
{
    CALLER *caller = caller_here();
    return caller != NULL ? caller_frame(caller, handle) : NULL;
}

PROPERTY_SPACE *caller_properties(CALLER *caller, HFRAME handle)
{
    DWORD number = handle_to_frame(handle);

    if (number == INVALID_FRAME_NUMBER)
        return NULL;
    if (caller->shown.frame == number)
        return &caller->shown;
    if (caller->asked.frame == number)
        return &caller->asked;
    COPY *copy = caller_frame(caller, handle);
    if (copy == NULL)
        return NULL;
    property_attach_all(&caller->asked, number, copy->info.data, &copy->layers);
    return &caller->asked;
}
