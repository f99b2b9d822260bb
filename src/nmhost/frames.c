#include "frames.h"

#include <stddef.h>
#include <string.h>

#include "address.h"
#include "filter.h"
#include "handle.h"

enum { LOOK = 1000 /* frames that FindNextFrame and FindPreviousFrame search, as the page says */ };

/* Read-only once the first expert runs. */
typedef struct FACTS {
    SYSTEMTIME start;
    char comment[1]; /* "": no file's own comment is read */
    EXPERTSTARTUPINFO startup;
    PROPERTY_SPACE property;
} FACTS;

static FACTS *facts;
static HEXPERTKEY ui_key;
static HFILTER ui_filter;

BOOL frames_open(void)
{
    ULARGE_INTEGER start;

    facts = VirtualAlloc(NULL, sizeof *facts, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (facts == NULL)
        return FALSE;
    start.QuadPart = capture_start();
    FILETIME time = {start.LowPart, start.HighPart};
    (void)FileTimeToSystemTime(&time, &facts->start);
    facts->property.frame = INVALID_FRAME_NUMBER;
    facts->startup.hCapture = HANDLE_CAPTURE;
    return TRUE;
}

void frames_close(void)
{
    if (facts != NULL)
        VirtualFree(facts, 0, MEM_RELEASE);
    facts = NULL;
    ui_key = NULL;
    ui_filter = NULL;
}

void frames_set_ui_filter(HEXPERTKEY key, HFILTER filter)
{
    ui_key = key;
    ui_filter = filter;
}

void frames_set_startup(const EXPERTSTARTUPINFO *startup)
{
    facts->startup = *startup;
}

LPPROPERTYINST frames_startup_property(DWORD frame, HPROPERTY property)
{
    COPY *copy = caller_copy(handle_of_frame(frame));

    if (copy == NULL)
        return NULL;
    property_attach_all(&facts->property, frame, copy->info.data, &copy->layers);
    return property_find(&facts->property, property, NULL, TRUE);
}

const PROPERTY_SPACE *frames_startup_space(void)
{
    return &facts->property;
}

/*
 * For experts alone. Nmapi.dll has looked at the key: a stopped one gets no further.
 */

/* FILTER_PASSES without a filter. */
static FILTER_RESULT pass(CALLER *caller, const FILTER_BODY *first, const FILTER_BODY *second,
                          const COPY *copy)
{
    FILTER_RESULT result = FILTER_PASSES;

    if (first != NULL)
        result = filter_evaluate(caller, first, copy);
    if (result == FILTER_PASSES && second != NULL)
        result = filter_evaluate(caller, second, copy);
    return result;
}

static DWORD describe(CALLER *caller, COPY *copy, DWORD flags, LPEXPERTFRAMEDESCRIPTOR description)
{
    caller_keep(caller, copy);
    description->FrameNumber = copy->info.number;
    description->hFrame = handle_of_frame(copy->info.number);
    description->pFrame = copy->frame;
    description->lpRecognizeDataTable = &copy->recognized.table;
    description->lpPropertyTable = NULL;
    if (flags & FLAGS_ATTACH_PROPERTIES) {
        property_attach_all(&caller->shown, copy->info.number, copy->info.data, &copy->layers);
        description->lpPropertyTable = &caller->shown.table;
    }
    return NMERR_SUCCESS;
}

/* Why a frame could not be had. */
static DWORD reason(DWORD number, DWORD error)
{
    CAPTURE_FRAME info;
    return number < HANDLE_FRAME && capture_frame(number, NULL, 0, &info) ? NMERR_OUT_OF_MEMORY
                                                                          : error;
}

DWORD WINAPI frames_expert_get_frame(HEXPERTKEY key, DWORD direction, DWORD flags, DWORD requested,
                                     HFILTER filter, LPEXPERTFRAMEDESCRIPTOR description)
{
    const FILTER_BODY *own = filter != NULL ? filter_of(key, filter) : NULL;
    const FILTER_BODY *ui = NULL;
    BOOL forward = direction == GET_FRAME_NEXT_FORWARD;
    DWORD number = requested;
    FILTER_RESULT result;
    COPY *copy;

    if (description == NULL || direction > GET_FRAME_NEXT_BACKWARD)
        return NMERR_INVALID_PARAMETER;
    if (filter != NULL && own == NULL)
        return NMERR_INVALID_HFILTER;
    if (own != NULL && !filter_is_complete(own))
        return NMERR_FILTER_INVALID_EXPRESSION;
    if ((flags & FLAGS_DEFER_TO_UI_FILTER) && ui_filter != NULL)
        ui = filter_of(ui_key, ui_filter);
    CALLER *caller = caller_here();
    if (caller == NULL)
        return NMERR_OUT_OF_MEMORY;
    caller->shown.frame = INVALID_FRAME_NUMBER;
    caller->shown.text_used = 0;
    if (direction == GET_SPECIFIED_FRAME) {
        copy = number < HANDLE_FRAME ? caller_try(caller, number) : NULL;
        if (copy == NULL)
            return reason(number, NMERR_FRAME_NOT_FOUND);
        result = pass(caller, ui, own, copy);
        if (result == FILTER_FAILS)
            return NMERR_FRAME_FAILED_FILTER;
    } else {
        for (;;) {
            copy = caller_next(caller, forward, number);
            if (copy == NULL)
                return forward ? reason(number + 1, NMERR_NO_MORE_FRAMES) : NMERR_NO_MORE_FRAMES;
            result = pass(caller, ui, own, copy);
            if (result != FILTER_FAILS)
                break;
            number = copy->info.number;
        }
    }
    if (result == FILTER_INVALID)
        return NMERR_FILTER_INVALID_EXPRESSION;
    return describe(caller, copy, flags, description);
}

DWORD WINAPI frames_expert_get_startup_info(HEXPERTKEY key, PEXPERTSTARTUPINFO startup)
{
    (void)key;
    if (startup == NULL)
        return NMERR_INVALID_PARAMETER;
    *startup = facts->startup;
    return NMERR_SUCCESS;
}

/*
 * The capture
 */

LPSYSTEMTIME WINAPI frames_capture_time_stamp(HCAPTURE capture)
{
    return capture == HANDLE_CAPTURE ? &facts->start : NULL;
}

static DWORD mac_type_of(WORD media)
{
    return media <= MAC_TYPE_1394 ? media : MAC_TYPE_UNKNOWN;
}

DWORD WINAPI frames_capture_mac_type(HCAPTURE capture)
{
    return capture == HANDLE_CAPTURE ? mac_type_of(capture_media()) : NMERR_UNKNOWN_MACTYPE;
}

DWORD WINAPI frames_capture_total(HCAPTURE capture)
{
    return capture == HANDLE_CAPTURE ? capture_frames() : 0;
}

LPSTR WINAPI frames_capture_comment(HCAPTURE capture)
{
    return capture == HANDLE_CAPTURE ? facts->comment : NULL;
}

LPPROTOCOLTABLE WINAPI frames_enabled_protocols(HCAPTURE capture)
{
    return capture == HANDLE_CAPTURE ? property_protocols() : NULL;
}

/*
 * Frames
 */

HFRAME WINAPI frames_get(HCAPTURE capture, DWORD number)
{
    CAPTURE_FRAME info;

    if (capture != HANDLE_CAPTURE || number >= HANDLE_FRAME ||
        !capture_frame(number, NULL, 0, &info))
        return NULL;
    return handle_of_frame(number);
}

ULPFRAME WINAPI frames_from_handle(HFRAME frame)
{
    COPY *copy = caller_copy(frame);
    return copy != NULL ? copy->frame : NULL;
}

/* What needs no copy. FALSE if it is no frame's handle. */
static BOOL info_of(HFRAME frame, CAPTURE_FRAME *info)
{
    DWORD number = handle_to_frame(frame);
    return number != INVALID_FRAME_NUMBER && capture_frame(number, NULL, 0, info);
}

HCAPTURE WINAPI frames_capture_handle(HFRAME frame)
{
    CAPTURE_FRAME info;
    return info_of(frame, &info) ? HANDLE_CAPTURE : NULL;
}

DWORD WINAPI frames_number(HFRAME frame)
{
    CAPTURE_FRAME info;
    return info_of(frame, &info) ? info.number : INVALID_FRAME_NUMBER;
}

__int64 WINAPI frames_time_stamp(HFRAME frame)
{
    CAPTURE_FRAME info;
    return info_of(frame, &info) ? info.offset : -1;
}

DWORD WINAPI frames_length(HFRAME frame)
{
    CAPTURE_FRAME info;
    return info_of(frame, &info) ? info.length : 0;
}

DWORD WINAPI frames_stored_length(HFRAME frame)
{
    CAPTURE_FRAME info;
    return info_of(frame, &info) ? info.stored : 0;
}

DWORD WINAPI frames_mac_type(HFRAME frame)
{
    CAPTURE_FRAME info;
    return info_of(frame, &info) ? mac_type_of(info.media) : MAC_TYPE_UNKNOWN;
}

DWORD WINAPI frames_mac_header_length(HFRAME frame)
{
    COPY *copy = caller_copy(frame);
    const LAYER *layer = copy != NULL ? protocol_find(&copy->layers, PROTO_ETHERNET) : NULL;
    return layer != NULL ? layer->body : 0;
}

LPRECOGNIZEDATATABLE WINAPI frames_recognize_data(HFRAME frame)
{
    COPY *copy = caller_copy(frame);
    return copy != NULL ? &copy->recognized.table : NULL;
}

/* Nothing to lock: the copy stays. */
ULPBYTE WINAPI frames_lock(HFRAME frame)
{
    COPY *copy = caller_copy(frame);
    return copy != NULL ? (ULPBYTE)(ULONG_PTR)copy->info.data : NULL;
}

/* NULL: no matter. */
static BOOL has_address(const COPY *copy, BOOL source, const ADDRESS2 *address)
{
    ADDRESS2 wanted;

    if (address == NULL)
        return TRUE;
    address_read(address, &wanted);
    return address_matches(copy, source, &wanted);
}

/* From the current frame on, as far as LOOK frames from the original one and the limit, both
   included. */
static HFRAME find(HFRAME current, BOOL forward, const char *name, const ADDRESS2 *destination,
                   const ADDRESS2 *source, LPWORD offset, DWORD original, DWORD limit)
{
    CALLER *caller = caller_here();
    DWORD protocol = protocol_by_name(name);
    DWORD number = handle_to_frame(current);
    COPY *copy;

    if (caller == NULL || protocol == PROTOCOLS || number == INVALID_FRAME_NUMBER)
        return NULL;
    while ((copy = caller_next(caller, forward, number)) != NULL) {
        number = copy->info.number;
        if (forward ? number > limit || number > (ULONGLONG)original + LOOK
                    : number < limit || number + (ULONGLONG)LOOK < original)
            return NULL;
        const LAYER *layer = protocol_find(&copy->layers, protocol);
        if (layer == NULL || !has_address(copy, FALSE, destination) ||
            !has_address(copy, TRUE, source))
            continue;
        caller_keep(caller, copy);
        if (offset != NULL)
            *offset = layer->offset;
        return handle_of_frame(number);
    }
    return NULL;
}

HFRAME WINAPI frames_find_next(HFRAME current, LPSTR protocol, LPADDRESS2 destination,
                               LPADDRESS2 source, LPWORD offset, DWORD original, DWORD highest)
{
    return find(current, TRUE, protocol, destination, source, offset, original, highest);
}

HFRAME WINAPI frames_find_previous(HFRAME current, LPSTR protocol, LPADDRESS2 destination,
                                   LPADDRESS2 source, LPWORD offset, DWORD original, DWORD lowest)
{
    return find(current, FALSE, protocol, destination, source, offset, original, lowest);
}
