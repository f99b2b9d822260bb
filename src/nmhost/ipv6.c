#include "ipv6.h"

#include <string.h>

#include "digit.h"

enum { BYTES = 16, GROUPS = 8 };

static const ULONG invalid = 0xC000000D; /* STATUS_INVALID_PARAMETER */

static WORD group_of(const BYTE *address, int group)
{
    const BYTE *at = address + (SIZE_T)group * 2;
    return (WORD)(at[0] << 8 | at[1]);
}

static char *write_number(char *text, DWORD number, DWORD base)
{
    static const char digits[] = "0123456789abcdef";
    DWORD power = 1;

    while (number / power >= base)
        power *= base;
    for (; power != 0; power /= base)
        *text++ = digits[number / power % base];
    return text;
}

/* The longest run of at least two zero groups becomes "::"; the first one of several. */
static int find_zeros(const BYTE *address, int groups, int *length)
{
    int best = -1;

    *length = 1;
    for (int first = 0; first < groups; first++) {
        int count = 0;
        while (first + count < groups && group_of(address, first + count) == 0)
            count++;
        if (count > *length) {
            best = first;
            *length = count;
        }
    }
    return best;
}

/* An address that holds one of IPv4 ends with that one's notation. */
static BOOL holds_ipv4(const BYTE *address)
{
    static const BYTE zeros[10];

    if (memcmp(address, zeros, sizeof zeros) != 0)
        return FALSE;
    return group_of(address, 5) == 0xFFFF ||
           (group_of(address, 5) == 0 && group_of(address, 6) != 0);
}

LPSTR WINAPI ipv6_to_text(const BYTE address[], LPSTR text)
{
    int groups = holds_ipv4(address) ? GROUPS - 2 : GROUPS;
    int length, zeros = find_zeros(address, groups, &length);

    for (int group = 0; group < groups; group++) {
        if (group == zeros) {
            *text++ = ':';
            *text++ = ':';
            group += length - 1;
            continue;
        }
        if (group != 0 && group != zeros + length)
            *text++ = ':';
        text = write_number(text, group_of(address, group), 16);
    }
    if (groups < GROUPS && zeros + length != groups)
        *text++ = ':';
    for (int byte = 2 * groups; byte < BYTES; byte++) {
        if (byte != 2 * groups)
            *text++ = '.';
        text = write_number(text, address[byte], 10);
    }
    *text = '\0';
    return text;
}

LPWSTR WINAPI ipv6_to_text_wide(const BYTE address[], LPWSTR text)
{
    char narrow[IPV6_TEXT];

    (void)ipv6_to_text(address, narrow);
    for (const char *from = narrow; *from != '\0'; from++)
        *text++ = (WCHAR)*from;
    *text = 0;
    return text;
}

/* Four numbers below 256 with dots between them; NULL if it is something else. */
static const char *read_ipv4(const char *text, BYTE *bytes)
{
    for (int byte = 0; byte < 4; byte++) {
        DWORD number = 0, count = 0;
        for (; digit_value(*text) < 10 && count < 3; text++, count++)
            number = number * 10 + (DWORD)digit_value(*text);
        if (count == 0 || number > 255 || digit_value(*text) < 10 || (byte < 3 && *text != '.'))
            return NULL;
        bytes[byte] = (BYTE)number;
        if (byte < 3)
            text++;
    }
    return text;
}

/* Up to four hexadecimal digits; NULL if there is none, or more. */
static const char *read_group(const char *text, BYTE *bytes)
{
    DWORD number = 0, count = 0;

    for (; digit_value(*text) < 16 && count < 4; text++, count++)
        number = number << 4 | (DWORD)digit_value(*text);
    if (count == 0 || digit_value(*text) < 16)
        return NULL;
    bytes[0] = (BYTE)(number >> 8);
    bytes[1] = (BYTE)number;
    return text;
}

ULONG WINAPI ipv6_from_text(LPCSTR text, LPCSTR *end, BYTE address[])
{
    BYTE bytes[BYTES] = {0};
    int count = 0, gap = -1; /* in bytes; where "::" stands */

    if (text == NULL || address == NULL)
        return invalid;
    if (text[0] == ':' && text[1] == ':') {
        gap = 0;
        text += 2;
    }
    while (count < BYTES && digit_value(*text) < 16) {
        const char *next = count <= BYTES - 4 ? read_ipv4(text, bytes + count) : NULL;
        if (next != NULL) {
            count += 4;
            text = next;
            break;
        }
        memset(bytes + count, 0, (size_t)(BYTES - count));
        next = read_group(text, bytes + count);
        if (next == NULL)
            return invalid;
        count += 2;
        text = next;
        if (text[0] == ':' && text[1] == ':' && gap < 0) {
            gap = count;
            text += 2;
        } else if (text[0] == ':' && digit_value(text[1]) < 16 && count < BYTES) {
            text++;
        } else {
            break;
        }
    }
    if (gap < 0 ? count != BYTES : count > BYTES - 2)
        return invalid;
    memset(address, 0, BYTES);
    if (gap < 0)
        gap = count;
    memcpy(address, bytes, (size_t)gap);
    memcpy(address + BYTES - (count - gap), bytes + gap, (size_t)(count - gap));
    if (end != NULL)
        *end = text;
    return 0;
}

ULONG WINAPI ipv6_from_text_wide(LPCWSTR text, LPCWSTR *end, BYTE address[])
{
    char narrow[IPV6_TEXT + 1];
    LPCSTR narrow_end;
    int length = 0;

    if (text == NULL)
        return invalid;
    for (; length < IPV6_TEXT && text[length] != 0 && text[length] < 0x80; length++)
        narrow[length] = (char)text[length];
    narrow[length] = '\0';
    ULONG status = ipv6_from_text(narrow, &narrow_end, address);
    if (status == 0 && end != NULL)
        *end = text + (narrow_end - narrow);
    return status;
}
