#include "supply.h"

#include <stddef.h>
#include <string.h>

#include "packet.h"
#include "say.h"
#include "viewer.h"

enum { FILTER_SIGNATURE = 0x544C4946, MOST_OPERANDS = 32 };

/* netmon.h leaves it to the host what is behind its handles. */
struct _PROTOCOL {
    const char *name; /* in capitals */
    DWORD bit;        /* in _CAPFRAMEDESC.protocols */
};

struct _CAPFRAMEDESC {
    FRAME *frame;
    DWORD protocols; /* that it carries */
};

struct _CAPTURE {
    DWORD count;
    struct _CAPFRAMEDESC frames[];
};

typedef struct TERM {
    FILTERACTIONTYPE action;
    DWORD protocol; /* FILTERACTION_PROTOCOLEXIST: its bit */
} TERM;

/* An expression in postfix order. It and its terms are blocks of the expert that created it. */
struct _FILTER {
    DWORD signature;
    DWORD count;    /* of terms */
    DWORD operands; /* on the stack after the last one */
    TERM *terms;
};

enum {
    HAS_ETHERNET = 1,
    HAS_ARP = 2,
    HAS_IP = 4,
    HAS_IP6 = 8,
    HAS_ICMP = 16,
    HAS_TCP = 32,
    HAS_UDP = 64
};

static const struct _PROTOCOL protocols[] = {
    {"ETHERNET", HAS_ETHERNET}, {"ARP", HAS_ARP}, {"ARP_RARP", HAS_ARP}, {"IP", HAS_IP},
    {"IPV6", HAS_IP6},          {"IP6", HAS_IP6}, {"ICMP", HAS_ICMP},    {"TCP", HAS_TCP},
    {"UDP", HAS_UDP},
};

static const LIBRARY *library;
static HCAPTURE capture; /* read-only: no expert can change what the next one reads */
static DWORD key_slot = TLS_OUT_OF_INDEXES; /* the calling thread's key */

/*
 * The capture
 */

static DWORD protocols_of(const PCAP_FRAME *frame)
{
    PACKET packet;

    if (!packet_read(&packet, frame))
        return HAS_ETHERNET;
    DWORD found = HAS_ETHERNET | (packet.type == PACKET_ARP    ? HAS_ARP
                                  : packet.type == PACKET_IPV4 ? HAS_IP
                                  : packet.type == PACKET_IPV6 ? HAS_IP6
                                                               : 0);
    if (packet.protocol == PROTOCOL_TCP)
        found |= HAS_TCP;
    else if (packet.protocol == PROTOCOL_UDP)
        found |= HAS_UDP;
    else if (packet.protocol == PROTOCOL_ICMP)
        found |= HAS_ICMP;
    return found;
}

/* Bytes that a frame takes, so that the next one is aligned. */
static SIZE_T frame_bytes(const PCAP_FRAME *frame)
{
    return (offsetof(FRAME, MacFrame) + frame->stored + 7) & ~(SIZE_T)7;
}

static BOOL copy_capture(const void *file, SIZE_T bytes)
{
    SIZE_T size = 0;
    DWORD count = 0, access;
    PCAP_FRAME frame;
    PCAP pcap;

    if (!pcap_begin(&pcap, file, bytes))
        return FALSE;
    while (pcap_next(&pcap, &frame)) {
        size += frame_bytes(&frame);
        count++;
    }
    SIZE_T head =
        (offsetof(struct _CAPTURE, frames) + count * sizeof(struct _CAPFRAMEDESC) + 7) & ~(SIZE_T)7;
    capture = VirtualAlloc(NULL, head + size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (capture == NULL)
        return FALSE;

    BYTE *at = (BYTE *)capture + head;
    ULONGLONG start = 0;
    (void)pcap_begin(&pcap, file, bytes);
    while (pcap_next(&pcap, &frame)) {
        struct _CAPFRAMEDESC *description = &capture->frames[capture->count];
        if (capture->count++ == 0)
            start = frame.time;
        description->protocols = protocols_of(&frame);
        description->frame = (FRAME *)at;
        description->frame->TimeStamp = (__int64)(frame.time - start);
        description->frame->FrameLength = frame.length;
        description->frame->nBytesAvail = frame.stored;
        memcpy(at + offsetof(FRAME, MacFrame), frame.data, frame.stored);
        at += frame_bytes(&frame);
    }
    return VirtualProtect(capture, head + size, PAGE_READONLY, &access);
}

static BOOL read_capture(const char *path)
{
    BOOL good = FALSE;

    HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return FALSE;
    HANDLE mapping = CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 0, NULL);
    if (mapping != NULL) {
        const void *view = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
        if (view != NULL) {
            good = copy_capture(view, GetFileSize(file, NULL));
            UnmapViewOfFile(view);
        }
        CloseHandle(mapping);
    }
    CloseHandle(file);
    return good;
}

/* NULL unless it is a frame's handle: the caller may pass anything. */
static const struct _CAPFRAMEDESC *frame_of(HFRAME handle)
{
    ULONG_PTR offset = (ULONG_PTR)handle - (ULONG_PTR)capture->frames;
    BOOL known = offset < capture->count * sizeof *handle && offset % sizeof *handle == 0;
    return known ? handle : NULL;
}

static DWORD WINAPI get_capture_total_frames(HCAPTURE handle)
{
    return handle == capture ? handle->count : 0;
}

static DWORD WINAPI get_frame_length(HFRAME handle)
{
    const struct _CAPFRAMEDESC *frame = frame_of(handle);
    return frame != NULL ? frame->frame->FrameLength : 0;
}

/*
 * Filters
 */

/* Letter case aside. lstrcmpi would do, but for what it may lock inside Windows. */
static BOOL same_name(const char *known, const char *name)
{
    for (; *known != '\0'; known++, name++) {
        char letter = *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        if (letter != *known)
            return FALSE;
    }
    return *name == '\0';
}

static HPROTOCOL WINAPI get_protocol_from_name(LPSTR name)
{
    for (SIZE_T index = 0; index < sizeof protocols / sizeof *protocols; index++) {
        if (name != NULL && same_name(protocols[index].name, name))
            return (HPROTOCOL)&protocols[index];
    }
    return NULL;
}

/* 0 if it is no protocol's handle. */
static DWORD protocol_bit(HPROTOCOL handle)
{
    ULONG_PTR offset = (ULONG_PTR)handle - (ULONG_PTR)protocols;
    BOOL known = offset < sizeof protocols && offset % sizeof *protocols == 0;
    return known ? handle->bit : 0;
}

static HEXPERTKEY thread_key(void)
{
    DWORD error = GetLastError(); /* TlsGetValue clears it */
    HEXPERTKEY key = TlsGetValue(key_slot);
    SetLastError(error);
    return key;
}

/* Whether it is a filter of this expert's. */
static BOOL is_filter(HEXPERTKEY key, HFILTER filter)
{
    return library->memory_size(key, filter) == sizeof *filter &&
           filter->signature == FILTER_SIGNATURE;
}

static HFILTER WINAPI create_filter(void)
{
    HFILTER filter = library->alloc_memory(thread_key(), sizeof *filter, NULL);
    if (filter != NULL)
        filter->signature = FILTER_SIGNATURE;
    return filter;
}

static DWORD WINAPI destroy_filter(HFILTER filter)
{
    HEXPERTKEY key = thread_key();

    if (!is_filter(key, filter))
        return NMERR_INVALID_HFILTER;
    filter->signature = 0;
    library->free_memory(key, filter->terms);
    library->free_memory(key, filter);
    return NMERR_SUCCESS;
}

/* How many operands an action takes from the stack, before it pushes one; -1: not supported here. */
static int taken_by(FILTERACTIONTYPE action)
{
    switch (action) {
    case FILTERACTION_PROTOCOLEXIST:
        return 0;
    case FILTERACTION_NOT:
        return 1;
    case FILTERACTION_AND:
    case FILTERACTION_OR:
    case FILTERACTION_XOR:
        return 2;
    default:
        return -1;
    }
}

static DWORD WINAPI filter_add_object(HFILTER filter, LPFILTEROBJECT2 object)
{
    HEXPERTKEY key = thread_key();
    DWORD error;

    if (!is_filter(key, filter) || object == NULL)
        return NMERR_INVALID_PARAMETER;
    int taken = taken_by(object->Action);
    if (taken < 0)
        return NMERR_NOT_SUPPORTED;
    DWORD left = filter->operands - (DWORD)taken;
    if (filter->operands < (DWORD)taken || left >= MOST_OPERANDS)
        return NMERR_FILTER_INVALID_EXPRESSION;
    TERM term = {.action = object->Action};
    if (term.action == FILTERACTION_PROTOCOLEXIST) {
        term.protocol = protocol_bit(object->hProtocol);
        if (term.protocol == 0)
            return NMERR_INVALID_HPROTOCOL;
    }

    TERM *terms = library->realloc_memory(key, filter->terms,
                                          (filter->count + (SIZE_T)1) * sizeof term, &error);
    if (terms == NULL)
        return error;
    terms[filter->count] = term;
    filter->terms = terms;
    filter->count++;
    filter->operands = left + 1;
    return NMERR_SUCCESS;
}

/* The operands are a stack of bits, the last one lowest. */
static BOOL passes(const struct _FILTER *filter, const struct _CAPFRAMEDESC *frame)
{
    DWORD stack = 0;

    if (filter == NULL || filter->count == 0)
        return TRUE;
    for (DWORD index = 0; index < filter->count; index++) {
        const TERM *term = &filter->terms[index];
        DWORD last = stack & 1;
        switch (term->action) {
        case FILTERACTION_PROTOCOLEXIST:
            stack = stack << 1 | (frame->protocols & term->protocol ? 1 : 0);
            break;
        case FILTERACTION_NOT:
            stack ^= 1;
            break;
        case FILTERACTION_AND:
            stack = stack >> 1 & (last | ~(DWORD)1);
            break;
        case FILTERACTION_OR:
            stack = stack >> 1 | last;
            break;
        default: /* FILTERACTION_XOR */
            stack = stack >> 1 ^ last;
            break;
        }
    }
    return (stack & 1) != 0;
}

/*
 * What experts alone call. Nmapi.dll has looked at the key: a stopped one gets no further.
 */

/* The next frame is the first one behind the requested number that passes: an expert asks with the
   number that it got last, and with INVALID_FRAME_NUMBER for the first one. */
static DWORD WINAPI expert_get_frame(HEXPERTKEY key, DWORD direction, DWORD flags, DWORD requested,
                                     HFILTER filter, LPEXPERTFRAMEDESCRIPTOR description)
{
    DWORD number, step;
    (void)flags; /* no filter of the user's, no parsers to attach properties */

    if (description == NULL || direction > GET_FRAME_NEXT_BACKWARD)
        return NMERR_INVALID_PARAMETER;
    if (filter != NULL && !is_filter(key, filter))
        return NMERR_INVALID_HFILTER;
    if (filter != NULL && filter->operands > 1)
        return NMERR_FILTER_INVALID_EXPRESSION;
    if (direction == GET_SPECIFIED_FRAME) {
        if (requested >= capture->count || !passes(filter, &capture->frames[requested]))
            return NMERR_FRAME_NOT_FOUND;
        number = requested;
    } else {
        step = direction == GET_FRAME_NEXT_FORWARD ? 1 : (DWORD)-1;
        number = requested + step;
        if (direction == GET_FRAME_NEXT_BACKWARD && requested > capture->count)
            number = capture->count - 1;
        while (number < capture->count && !passes(filter, &capture->frames[number]))
            number += step; /* from 0 backwards: above all counts */
        if (number >= capture->count)
            return NMERR_NO_MORE_FRAMES;
    }
    memset(description, 0, sizeof *description);
    description->FrameNumber = number;
    description->hFrame = &capture->frames[number];
    description->pFrame = capture->frames[number].frame;
    return NMERR_SUCCESS;
}

static DWORD WINAPI expert_indicate_status(HEXPERTKEY key, EXPERTSTATUSENUMERATION status,
                                           DWORD detail, const char *text, LONG percent)
{
    (void)key, (void)detail;
    viewer_status(status, text, percent);
    return NMERR_SUCCESS;
}

static DWORD WINAPI expert_submit_event(HEXPERTKEY key, PNMEVENTDATA event)
{
    (void)key;
    if (event == NULL)
        return NMERR_INVALID_PARAMETER;
    viewer_event(event);
    return NMERR_SUCCESS;
}

/* The third member is there to be compiled: it is an error unless the function has the prototype
   that netmon.h gives the name. On x86 a wrong one would unbalance the expert's stack. */
#define SUPPLY(name, function)                                                                     \
    {                                                                                              \
        (FARPROC)(LIBRARY_FUNCTION)(function), #name, sizeof(TRUE ? (function) : (name))           \
    }

static const struct {
    FARPROC function;
    const char *name;
    SIZE_T checked;
} functions[] = {
    SUPPLY(CreateFilter, create_filter),
    SUPPLY(DestroyFilter, destroy_filter),
    SUPPLY(ExpertGetFrame, expert_get_frame),
    SUPPLY(ExpertIndicateStatus, expert_indicate_status),
    SUPPLY(ExpertSubmitEvent, expert_submit_event),
    SUPPLY(FilterAddObject, filter_add_object),
    SUPPLY(GetCaptureTotalFrames, get_capture_total_frames),
    SUPPLY(GetFrameLength, get_frame_length),
    SUPPLY(GetProtocolFromName, get_protocol_from_name),
};

BOOL supply_open(const LIBRARY *nmapi, const char *path)
{
    library = nmapi;
    key_slot = TlsAlloc();
    if (key_slot == TLS_OUT_OF_INDEXES || !read_capture(path)) {
        say("ERROR: %s can't be read, or is no Ethernet capture in the pcap format\n", path);
        supply_close();
        return FALSE;
    }
    return TRUE;
}

void supply_close(void)
{
    if (capture != NULL)
        VirtualFree(capture, 0, MEM_RELEASE);
    if (key_slot != TLS_OUT_OF_INDEXES)
        TlsFree(key_slot);
    capture = NULL;
    key_slot = TLS_OUT_OF_INDEXES;
}

BOOL supply_begin(void)
{
    BOOL known = TRUE;

    for (SIZE_T index = 0; index < sizeof functions / sizeof *functions; index++) {
        if (library->set_function(functions[index].name, functions[index].function) !=
            NMERR_SUCCESS) {
            say("   ERROR: Nmapi.dll does not know %s\n", functions[index].name);
            known = FALSE;
        }
    }
    return known;
}

void supply_end(void)
{
    for (SIZE_T index = 0; index < sizeof functions / sizeof *functions; index++)
        library->set_function(functions[index].name, NULL);
}

HCAPTURE supply_capture(void)
{
    return capture;
}

void supply_thread(HEXPERTKEY key)
{
    (void)TlsSetValue(key_slot, key);
}
