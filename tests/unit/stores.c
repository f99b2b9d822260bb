#include "stores.h"

#include <string.h>

/* Opcodes of one byte, and of two that begin with 0F, whose operand in memory is written. */
static const unsigned char ones[] = {0x00, 0x01, 0x08, 0x09, 0x10, 0x11, 0x18, 0x19, 0x20,
                                     0x21, 0x28, 0x29, 0x30, 0x31, 0x80, 0x81, 0x83, 0x86,
                                     0x87, 0x88, 0x89, 0xC0, 0xC1, 0xC6, 0xC7, 0xD0, 0xD1,
                                     0xD2, 0xD3, 0xF6, 0xF7, 0xFE, 0xFF};
static const unsigned char twos[] = {0x11, 0x13, 0x17, 0x29, 0x2B, 0x7E, 0x7F, 0x90, 0x91,
                                     0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A,
                                     0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xAB, 0xB0, 0xB1, 0xB3,
                                     0xBA, 0xBB, 0xC0, 0xC1, 0xC3, 0xC7, 0xD6, 0xE7};

static BOOL is_prefix(unsigned char byte)
{
    return byte == 0x66 || byte == 0xF0 || byte == 0xF2 || byte == 0xF3 || byte == 0x2E ||
           byte == 0x3E;
}

/* Whether an operation of a group that shares an opcode writes. */
static BOOL group_writes(unsigned char opcode, unsigned which)
{
    switch (opcode) {
    case 0x80:
    case 0x81:
    case 0x83:
        return which != 7; /* a comparison */
    case 0xF6:
    case 0xF7:
        return which == 2 || which == 3; /* not, neg */
    case 0xFE:
    case 0xFF:
        return which < 2; /* inc, dec */
    default:
        return TRUE;
    }
}

BOOL stores_to_memory(const void *instruction)
{
    const unsigned char *at = instruction;
    BOOL two = FALSE;
    unsigned rex = 0;
    unsigned char opcode, mode;

    while (is_prefix(*at))
        at++;
    if ((*at & 0xF0) == 0x40)
        rex = *at++;
    if (*at == 0xC5 || *at == 0xC4) { /* VEX */
        rex = at[0] == 0xC4 && !(at[1] & 0x20);
        at += *at == 0xC5 ? 2 : 3;
        two = TRUE;
    } else if (*at == 0x0F) {
        two = TRUE;
        at++;
    }
    opcode = *at++;
    mode = *at++;
    if (!two && (opcode == 0xA4 || opcode == 0xA5 || opcode == 0xAA || opcode == 0xAB))
        return TRUE; /* one step of a string operation */
    if (mode >> 6 == 3 || !memchr(two ? twos : ones, opcode, two ? sizeof twos : sizeof ones))
        return FALSE;
    if ((mode & 7) == 4 && (*at & 7) == 4 && !(rex & 1)) /* the stack pointer is the base */
        return FALSE;
    return two || group_writes(opcode, mode >> 3 & 7);
}

unsigned long stores_places(void *const *trace, unsigned long count, unsigned long *places,
                            unsigned long room)
{
    static struct {
        void *store;
        unsigned long first, last;
    } found[8192];
    unsigned long stores = 0, used = 0, k;

    for (unsigned long i = 0; i < count; i++) {
        if (!stores_to_memory(trace[i]))
            continue;
        for (k = 0; k < stores && found[k].store != trace[i]; k++)
            ;
        if (k == sizeof found / sizeof *found)
            break;
        if (k == stores) {
            found[stores].store = trace[i];
            found[stores++].first = i;
        }
        found[k].last = i;
    }
    for (k = 0; k < stores && used + 2 <= room; k++) {
        places[used++] = found[k].first + 1;
        if (found[k].last != found[k].first)
            places[used++] = found[k].last + 1;
    }
    return used;
}
