/*
 * Counts the frames of each protocol, as the SDK's sample does: tells its status, asks for each
 * frame that passes a filter, and submits an event for what it found. It reads no file and knows no
 * protocol itself: the host supplies both, through Nmapi.dll.
 *
 * Built twice, with <netmon.h> of this project and with the compiler's own (PROTOCOLS_SDK).
 */
#include "expert.h"

#include <string.h>

/* Only the compiler's header has this macro. */
#if defined PROTOCOLS_SDK != defined CAPTUREFILTER_SIZE
#error "this is the other netmon.h"
#endif

enum { COLUMN_PROTOCOL, COLUMN_FRAMES, COLUMN_BYTES, COLUMN_LONGEST, COLUMN_FIRST, COLUMNS };
enum { MOST_TERMS = 6 };

/* What to count: the filter's objects in postfix order, with names of protocols. */
typedef struct QUESTION {
    const char *title;
    const char *terms[MOST_TERMS];
} QUESTION;

static const QUESTION questions[] = {
    {"Ethernet", {"ETHERNET"}},
    {"ARP", {"ARP_RARP"}},
    {"IP", {"IP"}},
    {"IPv6", {"IP6"}},
    {"ICMP", {"ICMP"}},
    {"TCP", {"TCP"}},
    {"UDP", {"UDP"}},
    {"IP without ports", {"IP", "TCP", "UDP", "or", "not", "and"}},
};

enum { QUESTIONS = sizeof questions / sizeof *questions };

BOOL WINAPI Register(PEXPERTENUMINFO info)
{
#ifdef PROTOCOLS_SDK
    return expert_describe(info, "protocols-sdk", "the same, built with another netmon.h", 0);
#else
    return expert_describe(info, "protocols", "counts each protocol's frames", 0);
#endif
}

/* The event, which is filled in and submitted several times. */
static PNMEVENTDATA new_event(HEXPERTKEY key, DWORD *error)
{
    static char source[] = "protocols", name[] = "Frames of each protocol";
    static char names[COLUMNS][12] = {"Protocol", "Frames", "Bytes", "Longest", "First"};

    PNMEVENTDATA event =
        ExpertAllocMemory(key, sizeof(NMEVENTDATA) + COLUMNS * sizeof(NMCOLUMNINFO), error);
    if (event == NULL)
        return NULL;
    event->EventIdent = 1;
    event->Flags = NMEVENTFLAG_EXPERT | NMEVENTFLAG_DO_NOT_DISPLAY_SEVERITY |
                   NMEVENTFLAG_DO_NOT_DISPLAY_MACHINE;
    event->Severity = NMEVENT_SEVERITY_INFORMATIONAL;
    event->szSourceName = source;
    event->szEventName = name;
    event->NumColumns = COLUMNS;
    for (int column = 0; column < COLUMNS; column++) {
        event->Column[column].szColumnName = names[column];
        event->Column[column].VariantData.Type = NMCOLUMNTYPE_UINT32;
    }
    event->Column[COLUMN_PROTOCOL].VariantData.Type = NMCOLUMNTYPE_STRING;
    event->Column[COLUMN_FIRST].VariantData.Type = NMCOLUMNTYPE_FRAME;
    return event;
}

static DWORD add_term(HFILTER filter, const char *term)
{
    FILTEROBJECT2 object;

    memset(&object, 0, sizeof object);
    if (strcmp(term, "and") == 0) {
        object.Action = FILTERACTION_AND;
    } else if (strcmp(term, "or") == 0) {
        object.Action = FILTERACTION_OR;
    } else if (strcmp(term, "not") == 0) {
        object.Action = FILTERACTION_NOT;
    } else {
        char name[16];
        object.Action = FILTERACTION_PROTOCOLEXIST;
        object.hProtocol = GetProtocolFromName(lstrcpynA(name, term, sizeof name));
        if (object.hProtocol == NULL)
            return NMERR_PROTOCOL_NOT_FOUND;
    }
    return FilterAddObject(filter, &object);
}

/* Counts the frames that pass the filter, into the event. */
static DWORD count_frames(HEXPERTKEY key, HFILTER filter, DWORD before, DWORD all,
                          PNMEVENTDATA event)
{
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
    DWORD frames = 0, bytes = 0, longest = 0, first = 0, told = 0, error;

    while ((error = ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, FLAGS_DEFER_TO_UI_FILTER,
                                   frame.FrameNumber, filter, &frame)) == NMERR_SUCCESS) {
        DWORD length = GetFrameLength(frame.hFrame);
        if (frames == 0)
            first = frame.FrameNumber;
        frames++;
        bytes += length;
        if (length > longest)
            longest = length;
        DWORD percent = all == 0 ? 0 : (before + frame.FrameNumber) * 100 / all;
        if (percent > told) {
            told = percent;
            error = ExpertIndicateStatus(key, EXPERTSTATUS_RUNNING, 0, NULL, (LONG)percent);
            if (error == NMERR_EXPERT_TERMINATE)
                return error;
        }
    }
    event->Column[COLUMN_FRAMES].VariantData.Value.Uint32Val = frames;
    event->Column[COLUMN_BYTES].VariantData.Value.Uint32Val = bytes;
    event->Column[COLUMN_LONGEST].VariantData.Value.Uint32Val = longest;
    event->Column[COLUMN_FIRST].VariantData.Value.FrameVal = first;
    return error == NMERR_NO_MORE_FRAMES ? NMERR_SUCCESS : error;
}

static DWORD answer(HEXPERTKEY key, DWORD number, DWORD total, PNMEVENTDATA event)
{
    const QUESTION *question = &questions[number];
    DWORD error = NMERR_SUCCESS;

    HFILTER filter = CreateFilter();
    if (filter == NULL)
        return NMERR_OUT_OF_MEMORY;
    for (int term = 0; term < MOST_TERMS && question->terms[term] != NULL; term++) {
        if (error == NMERR_SUCCESS)
            error = add_term(filter, question->terms[term]);
    }
    if (error == NMERR_SUCCESS)
        error = count_frames(key, filter, number * total, QUESTIONS * total, event);
    DestroyFilter(filter);
    if (error != NMERR_SUCCESS)
        return error;
    event->Column[COLUMN_PROTOCOL].VariantData.Value.pStringVal = question->title;
    return ExpertSubmitEvent(key, event);
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    (void)config, (void)startup_flags, (void)window;

    DWORD error = ExpertIndicateStatus(key, EXPERTSTATUS_STARTING, 0, "preparing", 0);
    if (error == NMERR_NOT_SUPPORTED) {
        say("   this host has no frames for experts: ExpertIndicateStatus answers %lu\n"
            "   (NMERR_NOT_SUPPORTED); giving up\n",
            error);
        return FALSE;
    }
    if (error != NMERR_SUCCESS)
        return FALSE;

    PNMEVENTDATA event = new_event(key, &error);
    DWORD total = GetCaptureTotalFrames(startup->hCapture);
    for (DWORD number = 0; number < QUESTIONS && error == NMERR_SUCCESS; number++)
        error = answer(key, number, total, event);
    ExpertFreeMemory(key, event); /* NULL is allowed */
    if (error == NMERR_SUCCESS) {
        error = ExpertIndicateStatus(key, EXPERTSTATUS_DONE, 0, NULL, 100);
    } else if (error != NMERR_EXPERT_TERMINATE) {
        char text[40];
        wsprintfA(text, "error %lu", error);
        ExpertIndicateStatus(key, EXPERTSTATUS_PROBLEM, 0, text, 0);
    }
    return error == NMERR_SUCCESS;
}
