#include "events.h"

#include <string.h>

#include "capture.h"
#include "event_view.h"

enum { SLOTS = 256, STRING = 255 /* characters of a string, at most */ };
#define PATIENCE 500u /* milliseconds for a slot whose turn has come */

typedef struct SLOT {
    volatile LONG filled; /* the ticket of the event that is in it, and 1 */
    EVENT_ROW row;
} SLOT;

static SLOT *slots;
static HANDLE signal_event;
static volatile LONG tickets; /* drawn */
static volatile LONG taken;   /* handed on or passed over */
static volatile LONG submitted;
static volatile LONG told;
static DWORD stalled_since; /* the next slot has its turn but is not filled; 0: it is not so */

/*
 * On the expert's thread
 */

/* FALSE: there is no room, and nothing was added. */
static BOOL add_text(EVENT_ROW *row, char side, const char *text)
{
    DWORD length = 0;

    if (text == NULL)
        text = "";
    while (length < STRING && text[length] != '\0')
        length++;
    if (row->text_bytes + length + 2 > sizeof row->text)
        return FALSE;
    if (side != '\0')
        row->text[row->text_bytes++] = side;
    for (DWORD index = 0; index < length; index++) {
        char letter = text[index];
        row->text[row->text_bytes++] = (BYTE)letter < ' ' ? ' ' : letter;
    }
    row->text[row->text_bytes++] = '\0';
    return TRUE;
}

static void hexadecimal(char *text, const BYTE *bytes, int count)
{
    for (int index = 0; index < count; index++)
        text += wsprintfA(text, index == 0 ? "%02x" : "-%02x", bytes[index]);
}

/* wsprintf knows no fractions. */
static void fraction(char *text, double value)
{
    if (!(value > -2e9 && value < 2e9)) {
        lstrcpyA(text, "out of range");
        return;
    }
    LONG whole = (LONG)value;
    double rest = (value - (double)whole) * 100;
    wsprintfA(text, "%s%ld.%02ld", value < 0 ? "-" : "", whole < 0 ? -whole : whole,
              (LONG)(rest < 0 ? -rest : rest));
}

/* Writes a value that is no string, and returns to which side it goes. */
static char value_text(const NMCOLUMNVARIANT *value, char text[64])
{
    DWORD address = value->Value.IPAddrVal;

    switch (value->Type) {
    case NMCOLUMNTYPE_UINT8:
        wsprintfA(text, "%u", value->Value.Uint8Val);
        return 'r';
    case NMCOLUMNTYPE_SINT8:
        wsprintfA(text, "%d", (signed char)value->Value.Sint8Val);
        return 'r';
    case NMCOLUMNTYPE_UINT16:
        wsprintfA(text, "%u", value->Value.Uint16Val);
        return 'r';
    case NMCOLUMNTYPE_SINT16:
        wsprintfA(text, "%d", value->Value.Sint16Val);
        return 'r';
    case NMCOLUMNTYPE_UINT32:
    case NMCOLUMNTYPE_FRAME:
        wsprintfA(text, "%lu", value->Value.Uint32Val);
        return 'r';
    case NMCOLUMNTYPE_SINT32:
        wsprintfA(text, "%ld", value->Value.Sint32Val);
        return 'r';
    case NMCOLUMNTYPE_FLOAT64:
    case NMCOLUMNTYPE_VARTIME: /* days since 1899-12-30 */
        fraction(text, value->Value.Float64Val);
        return 'r';
    case NMCOLUMNTYPE_YESNO:
        lstrcpyA(text, value->Value.YesNoVal ? "yes" : "no");
        return 'l';
    case NMCOLUMNTYPE_ONOFF:
        lstrcpyA(text, value->Value.OnOffVal ? "on" : "off");
        return 'l';
    case NMCOLUMNTYPE_TRUEFALSE:
        lstrcpyA(text, value->Value.TrueFalseVal ? "true" : "false");
        return 'l';
    case NMCOLUMNTYPE_MACADDR:
        hexadecimal(text, value->Value.MACAddrVal, 6);
        return 'l';
    case NMCOLUMNTYPE_IPXADDR:
        hexadecimal(text, (const BYTE *)&value->Value.IPXAddrVal, 10);
        return 'l';
    case NMCOLUMNTYPE_IPADDR: /* in the network's order */
        wsprintfA(text, "%lu.%lu.%lu.%lu", address & 255, address >> 8 & 255, address >> 16 & 255,
                  address >> 24);
        return 'l';
    default:
        lstrcpyA(text, "?");
        return 'l';
    }
}

static void add_column(EVENT_ROW *row, const NMCOLUMNINFO *column)
{
    char text[64];
    const char *value = text;
    char side = 'l';
    DWORD before = row->text_bytes;

    if (column->VariantData.Type == NMCOLUMNTYPE_STRING)
        value = column->VariantData.Value.pStringVal;
    else
        side = value_text(&column->VariantData, text);
    if (!add_text(row, '\0', column->szColumnName) || !add_text(row, side, value)) {
        row->text_bytes = before;
        return;
    }
    if (column->VariantData.Type == NMCOLUMNTYPE_FRAME && row->frame == CAPTURE_NO_FRAME)
        row->frame = column->VariantData.Value.FrameVal;
    row->columns++;
}

DWORD events_add(HEXPERTKEY key, const NMEVENTDATA *event)
{
    EVENT_VIEW view;
    EVENT_ROW row;
    (void)key;

    if (slots == NULL)
        return NMERR_NOT_SUPPORTED;
    if ((DWORD)InterlockedIncrement(&submitted) > EVENTS_MOST)
        return NMERR_SUCCESS;
    /* On the stack first: the expert may crash on its own pointers here, or lose its thread. */
    memset(&row, 0, FIELD_OFFSET(EVENT_ROW, text));
    event_view(&view, event);
    row.ident = view.EventIdent;
    row.flags = view.Flags;
    row.severity = view.Severity;
    row.frame = CAPTURE_NO_FRAME;
    row.time = view.SysTime;
    (void)add_text(&row, '\0', view.szSourceName);
    (void)add_text(&row, '\0', view.szEventName);
    (void)add_text(&row, '\0', view.szDescription);
    for (int index = 0; index < view.NumColumns; index++) {
        NMCOLUMNINFO column;
        event_column(&view, index, &column);
        add_column(&row, &column);
    }

    LONG ticket = InterlockedIncrement(&tickets) - 1;
    SLOT *slot = &slots[(DWORD)ticket % SLOTS];
    if (ticket - taken == SLOTS / 2)
        SetEvent(signal_event);
    while (ticket - taken >= SLOTS) {
        SetEvent(signal_event);
        Sleep(1);
    }
    memcpy(&slot->row, &row, EVENT_ROW_BYTES(row.text_bytes));
    InterlockedExchange(&slot->filled, ticket + 1);
    return NMERR_SUCCESS;
}

/*
 * On the host's thread
 */

BOOL events_begin(void)
{
    if (slots == NULL)
        slots = VirtualAlloc(NULL, SLOTS * sizeof *slots, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (signal_event == NULL)
        signal_event = CreateEventA(NULL, FALSE, FALSE, NULL);
    if (slots == NULL || signal_event == NULL)
        return FALSE;
    for (DWORD index = 0; index < SLOTS; index++)
        slots[index].filled = 0;
    tickets = taken = submitted = told = 0;
    stalled_since = 0;
    return TRUE;
}

HANDLE events_signal(void)
{
    return signal_event;
}

/* The length is asked again: a stray thread of the expert's may be writing here. */
static void hand_on(const EVENT_ROW *row, MESSAGE_SINK sink, void *context)
{
    static EVENT_ROW copy;
    CAPTURE_FRAME frame;

    memcpy(&copy, row, sizeof copy);
    if (copy.text_bytes > sizeof copy.text)
        return;
    if (copy.frame != CAPTURE_NO_FRAME && capture_frame(copy.frame, NULL, 0, &frame))
        copy.offset = frame.offset;
    sink(context, MESSAGE_EVENT, &copy, (DWORD)EVENT_ROW_BYTES(copy.text_bytes));
    told++;
}

void events_drain(MESSAGE_SINK sink, void *context, BOOL at_the_end)
{
    while (taken != tickets) {
        SLOT *slot = &slots[(DWORD)taken % SLOTS];
        if (slot->filled == taken + 1) {
            hand_on(&slot->row, sink, context);
        } else if (!at_the_end) {
            DWORD now = GetTickCount() | 1;
            if (stalled_since == 0)
                stalled_since = now;
            if (now - stalled_since < PATIENCE)
                return;
        }
        stalled_since = 0;
        InterlockedIncrement(&taken);
    }
}

void events_count(DWORD *count, DWORD *lost)
{
    *count = (DWORD)submitted;
    *lost = (DWORD)(submitted - told);
}
