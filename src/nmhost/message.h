/*
 * message.h - what a run of an expert tells: from the child process to its parent through a pipe,
 * or in one process by a call.
 *
 * An expert can write to any memory and any handle of its process. So nothing that comes through
 * the pipe is believed before message_check has seen it.
 */
#pragma once

#include <windows.h>

typedef enum MESSAGE_KIND {
    MESSAGE_IDLE,    /* nothing more for now; goes through no pipe */
    MESSAGE_EXPERT,  /* it is loaded: EXPERT_FACTS */
    MESSAGE_RUN,     /* Run is called now: nothing */
    MESSAGE_STATUS,  /* STATUS_FACTS */
    MESSAGE_EVENT,   /* EVENT_ROW */
    MESSAGE_NOTE,    /* a line of text for the user */
    MESSAGE_CAPTURE, /* CAPTURE_FACTS */
    MESSAGE_COMMENT, /* COMMENT_FACTS */
    MESSAGE_RESULT   /* RESULT; the last one */
} MESSAGE_KIND;

enum { MESSAGE_MOST = 4096, MESSAGE_MAGIC = 0x314D4D4E }; /* bytes behind the header; "NMM1" */

typedef struct MESSAGE_HEADER {
    DWORD magic;
    DWORD kind;
    DWORD bytes; /* behind the header */
} MESSAGE_HEADER;

typedef struct EXPERT_FACTS {
    char name[64];
    char vendor[64];
    char description[128];
    DWORD version;
    DWORD flags; /* EXPERT_ENUM_FLAG_... */
} EXPERT_FACTS;

typedef struct STATUS_FACTS {
    DWORD status;       /* EXPERTSTATUSENUMERATION */
    LONG percent;       /* 0 to 100 */
    DWORD milliseconds; /* since Run was called */
    ULONGLONG frames;   /* read until now */
    char text[64];
} STATUS_FACTS;

/* text: source, name, description, then name and value of each column, each with its zero. A value
   is preceded by 'r' or 'l': to which side it goes. */
typedef struct EVENT_ROW {
    DWORD ident;
    DWORD flags; /* NMEVENTFLAG_... */
    DWORD severity;
    DWORD columns;
    DWORD frame; /* of the first column that is one; 0xFFFFFFFF: none is */
    DWORD text_bytes;
    LONGLONG offset; /* that frame's, in microseconds after the capture's start */
    SYSTEMTIME time; /* as the expert says: after the capture's start */
    char text[MESSAGE_MOST - 56];
} EVENT_ROW;

/* How many bytes a row takes. */
#define EVENT_ROW_BYTES(text_bytes) (FIELD_OFFSET(EVENT_ROW, text) + (text_bytes))

typedef struct CAPTURE_FACTS {
    char format[40];
    DWORD frames;
    BOOL torn;
    ULONGLONG torn_offset; /* at this byte */
    ULONGLONG start;       /* in 100 ns since 1601 */
} CAPTURE_FACTS;

typedef struct COMMENT_FACTS {
    DWORD frame;
    char text[124];
} COMMENT_FACTS;

typedef enum OUTCOME {
    OUTCOME_NOT_LOADED, /* no expert, or no thread for it; nothing ran */
    OUTCOME_RETURNED,
    OUTCOME_GAVE_UP,    /* returned FALSE */
    OUTCOME_FAILED,     /* ended by an exception, or by a fail-fast error */
    OUTCOME_TERMINATED, /* was told to stop and did */
    OUTCOME_KILLED,     /* was told to stop and did not */
    OUTCOME_VANISHED,   /* its thread ended inside the call: ExitThread */
    OUTCOME_EXITED,     /* it ended its process */
    OUTCOME_NO_CAPTURE, /* the capture cannot be read */
    OUTCOMES
} OUTCOME;

typedef struct RESULT {
    DWORD outcome;      /* OUTCOME */
    DWORD code;         /* the exception's, or the process's */
    ULONGLONG address;  /* of the exception; 0: not known */
    DWORD milliseconds; /* that Configure and Run took */
    BOOL usage_known;   /* what follows */
    ULONGLONG frames;   /* read */
    ULONGLONG blocks;   /* still held at the end */
    ULONGLONG bytes;    /* in those */
    ULONGLONG peak;     /* the most bytes ever held */
    DWORD events;       /* submitted */
    DWORD events_lost;  /* of those, not told: too many, or half-written */
} RESULT;

typedef union MESSAGE_DATA {
    EXPERT_FACTS expert;
    STATUS_FACTS status;
    EVENT_ROW event;
    CAPTURE_FACTS capture;
    COMMENT_FACTS comment;
    RESULT result;
    char note[256];
    BYTE bytes[MESSAGE_MOST];
} MESSAGE_DATA;

/* Where a run's messages go. */
typedef void (*MESSAGE_SINK)(void *context, MESSAGE_KIND kind, const void *data, DWORD bytes);

/* Whether the data are what the kind says: their length, numbers in range, and texts that end and
   have no control characters. */
BOOL message_check(DWORD kind, const MESSAGE_DATA *data, DWORD bytes);

/* The next of a row's strings; text is NULL for the first one. */
const char *message_string(const EVENT_ROW *row, const char *text);
