/* display_filter.h - the user's display filter, from text to what experts' frames have to pass.
 *
 *     EXPRESSION   TERM { or TERM }
 *     TERM         FACTOR { and FACTOR }
 *     FACTOR       not FACTOR | ( EXPRESSION ) | PROTOCOL | PROTOCOL.PROPERTY [ OPERATOR VALUE ]
 *     OPERATOR     == != < <= > >= contains
 *     VALUE        a number (decimal, or 0x and hexadecimal), an IP address, or text in "quotes"
 *
 * A property's name that has blanks stands in 'quotes'. An expert asks for it with FLAGS_DEFER_TO_UI_FILTER.
 */
#ifndef DISPLAY_FILTER_H
#define DISPLAY_FILTER_H

#include "library.h"

/* Between supply_begin and supply_end, on the host's own thread. FALSE: the text is no such expression, names
   what does not exist, or compares what cannot be compared. */
BOOL display_filter_set(const LIBRARY *library, const char *text);

void display_filter_drop(const LIBRARY *library);

#endif
