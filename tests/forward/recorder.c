/* The C half of the recorders; their entries are in calls_x64.S and calls_x86.S. */
#include "calls.h"

recording recorded;

ULONGLONG recorder_record(DWORD index, const ULONG_PTR *arguments, const vector *vectors,
                          const ULONG_PTR *registers);

ULONGLONG recorder_record(DWORD index, const ULONG_PTR *arguments, const vector *vectors,
                          const ULONG_PTR *registers)
{
    recorded.calls++;
    recorded.index = index;
    for (int i = 0; i < CALL_ARGUMENTS; i++)
        recorded.arguments[i] = arguments[i];
    /* On x64 the arguments begin where the stack was aligned before the call. */
    recorded.aligned = sizeof(void *) == 4 || ((ULONG_PTR)arguments & 15) == 0;
    for (int i = 0; vectors && i < CALL_VECTORS; i++)
        recorded.vectors[i] = vectors[i];
    for (int i = 0; registers && i < 2; i++)
        recorded.registers[i] = registers[i];
    return RECORDER_RESULT(recorder_tag, index);
}
