#include "status.h"

#include <string.h>

/* Without a lock, which a killed thread would keep: in the worst case a text is half an old one. */
static volatile LONG changes;
static LONG seen;
static volatile LONG last_status;
static volatile LONG last_percent;
static volatile char last_text[sizeof((STATUS_FACTS *)0)->text];

void status_set(HEXPERTKEY key, EXPERTSTATUSENUMERATION status, const char *text, LONG percent)
{
    (void)key;
    if (text != NULL && *text != '\0') {
        for (DWORD index = 0; index + 1 < sizeof last_text; index++) {
            last_text[index] = (BYTE)text[index] < ' ' && text[index] != '\0' ? ' ' : text[index];
            if (text[index] == '\0')
                break;
        }
    }
    if ((text == NULL || *text == '\0') && last_status != (LONG)status)
        last_text[0] = '\0'; /* it belonged to the status before */
    last_status = (LONG)status;
    if (status == EXPERTSTATUS_DONE)
        last_percent = 100;
    else if (percent >= 0 && percent <= 99)
        last_percent = percent;
    changes++;
}

void status_begin(void)
{
    changes = seen = 0;
    last_status = EXPERTSTATUS_INACTIVE;
    last_percent = 0;
    last_text[0] = '\0';
}

BOOL status_get(STATUS_FACTS *facts)
{
    LONG count = changes;
    BOOL news = count != seen;

    seen = count;
    facts->status = (DWORD)last_status;
    facts->percent = last_percent;
    for (DWORD index = 0; index < sizeof facts->text; index++)
        facts->text[index] = last_text[index];
    facts->text[sizeof facts->text - 1] = '\0';
    return news;
}
