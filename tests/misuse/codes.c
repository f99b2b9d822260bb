#include "codes.h"

const char *const column_names[COLUMNS] = {"NULL",
                                           "opened's",
                                           "other's",
                                           "implicit's",
                                           "implicit too's",
                                           "terminated's",
                                           "terminated implicit's",
                                           "no block"};
const int column_owners[COLUMNS] = {
    -1, OPENED, OTHER, IMPLICIT, IMPLICIT_TOO, TERMINATED, TERMINATED_IMPLICIT, -1};

const char *const call_names[CALLS] = {"Free", "Realloc", "Size", "Transfer from", "Transfer to"};

/* Codes:
     S  NMERR_SUCCESS                P  NMERR_INVALID_PARAMETER      D  NMERR_ACCESS_DENIED
     T  NMERR_EXPERT_TERMINATE       H  NMERR_INVALID_EXPERT_HANDLE  M  NMERR_OUT_OF_MEMORY
     F  the block is freed all the same, and NMERR_EXPERT_TERMINATE
     #  the block's size             0  no size

   Columns are pointers: NULL, a live block of each kind of expert, and what is no live block
   (pointers.c). Rows are keys. */
/* clang-format off */
const struct row rows[] = {
    /*                      Free        Realloc     Size        Transfer    Transfer
                                                                to OTHER    from OPENED
                          0 opened    0 opened    0 opened    0 opened    0 opened
                          | |other    | |other    | |other    | |other    | |other
                          | ||implicit                        | ||implicit
                          | |||too    | |||too    | |||too    | |||too    | |||too
                          | ||||terminated                    | ||||terminated
                          | |||||implicit             "       | |||||implicit
                          | |||||| none           "           | |||||| none       */
    {OPENED,             {"S SDDDDD P", "S SDDDDD P", "0 #00000 0", "P SDDDDD P", "P SDDDDD P"}},
    {OTHER,              {"S DSDDDD P", "S DSDDDD P", "0 0#0000 0", "P DSDDDD P", "P SDDDDD P"}},
    {REOPENED,           {"S DDDDDD P", "S DDDDDD P", "0 000000 0", "P DDDDDD P", "P SDDDDD P"}},
    {REUSED,             {"S DDDDDD P", "S DDDDDD P", "0 000000 0", "P DDDDDD P", "P SDDDDD P"}},
    {IMPLICIT,           {"S DDSSDS P", "S DDSSDS P", "0 00#000 0", "P DDSDDD P", "P SDDDDD P"}},
    {IMPLICIT_TOO,       {"S DDSSDS P", "S DDSSDS P", "0 000#00 0", "P DDDSDD P", "P SDDDDD P"}},
    {TERMINATED,         {"S TTTTFT T", "T TTTTTT T", "0 0000#0 0", "P DDDDSD P", "T TTTTTT T"}},
    {TERMINATED_IMPLICIT,{"S TTFFTF T", "T TTTTTT T", "0 00000# 0", "P DDDDDS P", "T TTTTTT T"}},
    {CLOSED,             {"S TTTTTT T", "T TTTTTT T", "0 000000 0", "T TTTTTT T", "T TTTTTT T"}},
    {CLOSED_IMPLICIT,    {"S TTTTTT T", "T TTTTTT T", "0 000000 0", "T TTTTTT T", "T TTTTTT T"}},
    {QUARANTINED,        {"S TTTTTT T", "T TTTTTT T", "0 000000 0", "T TTTTTT T", "T TTTTTT T"}},
    {UNKNOWN,            {"S HHSSHS H", "S HHSSHS H", "0 000000 0", "H HHHHHH H", "H HHHHHH H"}},
    {NEAR_MISS,          {"S HHSSHS H", "S HHSSHS H", "0 000000 0", "H HHHHHH H", "H HHHHHH H"}},
    {TINY_KEY,           {"S HHSSHS H", "S HHSSHS H", "0 000000 0", "H HHHHHH H", "H HHHHHH H"}},
    {HIGH_KEY,           {"S HHSSHS H", "S HHSSHS H", "0 000000 0", "H HHHHHH H", "H HHHHHH H"}},
    {KERNEL_KEY,         {"S HHSSHS H", "S HHSSHS H", "0 000000 0", "H HHHHHH H", "H HHHHHH H"}},
    {NO_KEY,             {"H HHHHHH H", "H HHHHHH H", "0 000000 0", "H HHHHHH H", "H HHHHHH H"}},
};
/* clang-format on */
const int row_count = (int)MISUSE_COUNT(rows);

char codes_letter(const struct row *row, enum call call, enum column column)
{
    return row->codes[call][column + (column > NOTHING) + (column == NO_BLOCK)];
}

DWORD codes_value(char letter)
{
    switch (letter) {
    case 'S':
        return NMERR_SUCCESS;
    case 'P':
        return NMERR_INVALID_PARAMETER;
    case 'D':
        return NMERR_ACCESS_DENIED;
    case 'T':
    case 'F':
        return NMERR_EXPERT_TERMINATE;
    case 'H':
        return NMERR_INVALID_EXPERT_HANDLE;
    case 'M':
        return NMERR_OUT_OF_MEMORY;
    default:
        fail_msg("no such code: %c", letter);
        return 0;
    }
}
