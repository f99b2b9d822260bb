/* The events and the status go to the viewer for now. */
#include "events.h"
#include "status.h"
#include "viewer.h"

DWORD events_add(HEXPERTKEY key, const NMEVENTDATA *event)
{
    (void)key;
    viewer_event(event);
    return 0;
}

void status_set(HEXPERTKEY key, EXPERTSTATUSENUMERATION status, const char *text, LONG percent)
{
    (void)key;
    viewer_status(status, text, percent);
}
