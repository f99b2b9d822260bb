#include "ber.h"

enum {
    TAG_INTEGER = 0x02,
    TAG_OCTET_STRING = 0x04,
    TAG_UTF8_STRING = 0x0C,
    TAG_PRINTABLE_STRING = 0x13,
    TAG_IA5_STRING = 0x16,
    TAG_VISIBLE_STRING = 0x1A,
    TAG_MORE = 0x1F,  /* the tag goes on in the next byte */
    LONG_FORM = 0x80, /* the length is in as many bytes as the lower bits say */
    MOST_LENGTH = 4
};

/* The length of the header; 0: none that is supported. */
static DWORD read_header(const BYTE *at, DWORD *bytes)
{
    if ((at[0] & TAG_MORE) == TAG_MORE)
        return 0;
    if (at[1] < LONG_FORM) {
        *bytes = at[1];
        return 2;
    }
    DWORD count = at[1] & 0x7F;
    if (count == 0 || count > MOST_LENGTH)
        return 0;
    *bytes = 0;
    for (DWORD byte = 0; byte < count; byte++)
        *bytes = *bytes << 8 | at[2 + byte];
    return 2 + count;
}

/* Fills in what the caller asks for. */
static BOOL decode(const BYTE *at, LPDWORD header, LPDWORD bytes, DWORD *header_bytes,
                   DWORD *data_bytes)
{
    if (at == NULL)
        return FALSE;
    *header_bytes = read_header(at, data_bytes);
    if (*header_bytes == 0)
        return FALSE;
    if (header != NULL)
        *header = *header_bytes;
    if (bytes != NULL)
        *bytes = *data_bytes;
    return TRUE;
}

BOOL WINAPIV ber_get_header(ULPBYTE at, ULPBYTE tag, LPDWORD header, LPDWORD bytes, ULPBYTE *next)
{
    DWORD header_bytes, data_bytes;

    if (!decode(at, header, bytes, &header_bytes, &data_bytes))
        return FALSE;
    if (tag != NULL)
        *tag = at[0];
    if (next != NULL)
        *next = at + header_bytes;
    return TRUE;
}

static BOOL get_value(ULPBYTE at, ULPBYTE *value, LPDWORD header, LPDWORD bytes, ULPBYTE *next)
{
    DWORD header_bytes, data_bytes;

    if (!decode(at, header, bytes, &header_bytes, &data_bytes))
        return FALSE;
    if (value != NULL)
        *value = at + header_bytes;
    if (next != NULL)
        *next = at + header_bytes + data_bytes;
    return TRUE;
}

BOOL WINAPIV ber_get_integer(ULPBYTE at, ULPBYTE *value, LPDWORD header, LPDWORD bytes,
                             ULPBYTE *next)
{
    return at != NULL && at[0] == TAG_INTEGER && at[1] != 0 &&
           get_value(at, value, header, bytes, next);
}

BOOL WINAPIV ber_get_string(ULPBYTE at, ULPBYTE *value, LPDWORD header, LPDWORD bytes,
                            ULPBYTE *next)
{
    if (at == NULL)
        return FALSE;
    switch (at[0]) {
    case TAG_OCTET_STRING:
    case TAG_UTF8_STRING:
    case TAG_PRINTABLE_STRING:
    case TAG_IA5_STRING:
    case TAG_VISIBLE_STRING:
        return get_value(at, value, header, bytes, next);
    default:
        return FALSE;
    }
}

/* The first number holds two: 40 times the first plus the second, the first being at most 2. */
DWORD WINAPI ber_decode_identifier(LPBYTE data, DWORD bytes, LPOBJECT_IDENTIFIER oid)
{
    DWORD number = 0, count = 0;

    if (data == NULL || bytes == 0 || oid == NULL || oid->lpIdentifier == NULL)
        return NMERR_INVALID_PARAMETER;
    if (data[bytes - 1] & 0x80)
        return NMERR_INVALID_DATA;
    for (DWORD byte = 0; byte < bytes; byte++) {
        if (number > MAXDWORD >> 7)
            return NMERR_INVALID_DATA;
        number = number << 7 | (data[byte] & 0x7Fu);
        if (data[byte] & 0x80)
            continue;
        if (count + (count == 0 ? 2u : 1u) > oid->Length)
            return NMERR_BUFFER_TOO_SMALL;
        if (count == 0) {
            DWORD first = number < 80 ? number / 40 : 2;
            oid->lpIdentifier[count++] = first;
            number -= first * 40;
        }
        oid->lpIdentifier[count++] = number;
        number = 0;
    }
    oid->Length = count;
    return NMERR_SUCCESS;
}

DWORD WINAPI ber_format_unicode(LPSTR text, LPCWSTR unicode, WORD bytes)
{
    int characters = bytes / (int)sizeof(WCHAR), written = 0;

    if (text == NULL)
        return 0;
    if (unicode != NULL) {
        for (int at = 0; at < characters; at++) {
            if (unicode[at] == 0)
                characters = at;
        }
        if (characters > MAX_PATH - 1)
            characters = MAX_PATH - 1;
        /* One that takes several bytes may leave no room for the last ones. */
        for (; characters > 0 && written == 0; characters--)
            written =
                WideCharToMultiByte(CP_ACP, 0, unicode, characters, text, MAX_PATH - 1, NULL, NULL);
    }
    text[written] = '\0';
    return (DWORD)written;
}
