/*
 * filter_text.h - filters as text, for the command line:
 *
 *     TCP and not (IP.Time to Live < 64 or DNS.Question Name contains "printer")
 *
 * A test is a protocol's name; a property's, behind its protocol's and a dot; or a property, a
 * relation and a value. Relations: == != < <= > >= contains has (these bits are set) lacks (none of
 * them is). Values: numbers (10, 0xa), addresses (10.0.0.1, fd00::1, 02-00-00-00-00-01), "text",
 * which is compared with letter case aside. not binds before and, and before or. Letter case does
 * not count.
 */
#pragma once

#include "filter.h"

/* Makes a filter of the calling thread's key. On an error no filter is left, and *at is the
   place in the text where it is; at may be NULL. Returns an NMERR code. */
DWORD filter_text_read(const char *text, HFILTER *filter, DWORD *at);
