/*
 * original.c - stands in for Microsoft's DLL: every function of the table, each a recorder, and two
 * that no list has, one exported by name and one by ordinal only.
 */
#include "calls.h"

ULONGLONG recorder_tag = ORIGINAL_TAG;

recording *original_recorded(void);
DWORD original_unlisted(DWORD value);
DWORD original_unnamed(DWORD value);

recording *original_recorded(void)
{
    return &recorded;
}

DWORD original_unlisted(DWORD value)
{
    return value + 1;
}

DWORD original_unnamed(DWORD value)
{
    return value + 2;
}
