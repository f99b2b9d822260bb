#include "helpers.h"

#include <stddef.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";

char *helpers_number(char *text, ULONGLONG number, DWORD base)
{
    char reversed[24];
    int count = 0;

    do {
        reversed[count++] = digits[number % base];
        number /= base;
    } while (number != 0);
    while (count > 0)
        *text++ = reversed[--count];
    *text = '\0';
    return text;
}

/*
 * Sets
 */

LPBYTE WINAPI helpers_lookup_byte(LPSET set, BYTE value)
{
    for (DWORD entry = 0; set != NULL && entry < set->nEntries; entry++) {
        if (set->lpLabeledByteTable[entry].Value == value)
            return (LPBYTE)set->lpLabeledByteTable[entry].Label;
    }
    return NULL;
}

LPBYTE WINAPI helpers_lookup_word(LPSET set, WORD value)
{
    for (DWORD entry = 0; set != NULL && entry < set->nEntries; entry++) {
        if (set->lpLabeledWordTable[entry].Value == value)
            return (LPBYTE)set->lpLabeledWordTable[entry].Label;
    }
    return NULL;
}

LPBYTE WINAPI helpers_lookup_dword(LPSET set, DWORD value)
{
    for (DWORD entry = 0; set != NULL && entry < set->nEntries; entry++) {
        if (set->lpLabeledDwordTable[entry].Value == value)
            return (LPBYTE)set->lpLabeledDwordTable[entry].Label;
    }
    return NULL;
}

/*
 * Numbers
 */

/* Swapped: the most significant byte is the first one. What does not fit is cut off. */
LPDWORD WINAPI helpers_small_int(LPBYTE value, WORD bytes, BOOL swapped, LPDWORD number)
{
    if (value == NULL || number == NULL)
        return number;
    *number = 0;
    for (DWORD byte = 0; byte < bytes; byte++)
        *number = *number << 8 | value[swapped ? byte : bytes - 1 - byte];
    return number;
}

static DWORD to_binary(LPSTR string, DWORD value, DWORD bits)
{
    if (string == NULL)
        return 0;
    for (DWORD bit = 0; bit < bits; bit++)
        string[bit] = value >> (bits - 1 - bit) & 1 ? '1' : '0';
    string[bits] = '\0';
    return bits;
}

DWORD WINAPI helpers_byte_to_binary(LPSTR string, DWORD value)
{
    return to_binary(string, value, 8);
}

DWORD WINAPI helpers_word_to_binary(LPSTR string, DWORD value)
{
    return to_binary(string, value, 16);
}

DWORD WINAPI helpers_dword_to_binary(LPSTR string, DWORD value)
{
    return to_binary(string, value, 32);
}

static BOOL is_hexadecimal(char character)
{
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'f') ||
           (character >= 'A' && character <= 'F');
}

/* The digits alone, in capitals, with zeros in front up to the length. */
VOID WINAPI helpers_canonicalize_hex(LPSTR hex, LPSTR destination, DWORD length)
{
    DWORD count = 0, at = 0;

    if (hex == NULL || destination == NULL)
        return;
    if (hex[0] == '0' && (hex[1] == 'x' || hex[1] == 'X'))
        hex += 2;
    for (const char *from = hex; *from != '\0'; from++)
        count += is_hexadecimal(*from) ? 1u : 0u;
    for (; at + count < length; at++)
        destination[at] = '0';
    for (const char *from = hex; *from != '\0'; from++) {
        if (!is_hexadecimal(*from) || count-- > length)
            continue; /* of more than fit, the last ones */
        destination[at++] = *from >= 'a' ? (char)(*from - 'a' + 'A') : *from;
    }
    destination[at] = '\0';
}

/* Two digits for each byte. */
VOID WINAPI helpers_canon_hex(UCHAR *destination, UCHAR *source, int length, BOOL prefix)
{
    if (destination == NULL || source == NULL)
        return;
    if (prefix) {
        *destination++ = '0';
        *destination++ = 'x';
    }
    for (int byte = 0; byte < length; byte++) {
        *destination++ = (UCHAR)digits[source[byte] >> 4];
        *destination++ = (UCHAR)digits[source[byte] & 15];
    }
    *destination = '\0';
}

SYSTEMTIME *WINAPI helpers_adjust_time(SYSTEMTIME *time, __int64 microseconds)
{
    ULARGE_INTEGER value;
    FILETIME file;

    if (time == NULL || !SystemTimeToFileTime(time, &file))
        return time;
    value.LowPart = file.dwLowDateTime;
    value.HighPart = file.dwHighDateTime;
    value.QuadPart += (ULONGLONG)microseconds * 10;
    file.dwLowDateTime = value.LowPart;
    file.dwHighDateTime = value.HighPart;
    (void)FileTimeToSystemTime(&file, time);
    return time;
}

/*
 * Link layers: of a header that the caller has whole
 */

DWORD WINAPI helpers_mac_header_length(LPVOID header, DWORD mac_type)
{
    const TOKENRING *ring = header;

    switch (mac_type) {
    case MAC_TYPE_ETHERNET:
        return ETHERNET_HEADER_LENGTH;
    case MAC_TYPE_TOKENRING:
        if (header == NULL || !(ring->SrcAddr[0] & TOKENRING_SA_ROUTING_INFO))
            return TOKENRING_HEADER_LENGTH;
        return TOKENRING_HEADER_LENGTH +
               (((const BYTE *)header)[TOKENRING_HEADER_LENGTH] & TOKENRING_RC_LENGTHMASK);
    case MAC_TYPE_FDDI:
        return FDDI_HEADER_LENGTH;
    default:
        return 0;
    }
}

DWORD WINAPI helpers_llc_header_length(LPLLC header)
{
    if (header == NULL)
        return 0;
    return (((const BYTE *)header)[2] & 3) == 3 ? 3 : 4;
}

BOOL WINAPI helpers_llc_present(LPVOID header, DWORD mac_type)
{
    const BYTE *bytes = header;

    if (bytes == NULL)
        return FALSE;
    switch (mac_type) {
    case MAC_TYPE_ETHERNET:
        return protocol_word(bytes + 12) < ETHERNET_FRAME_TYPE;
    case MAC_TYPE_TOKENRING:
        return (bytes[1] & 0xC0) == TOKENRING_TYPE_LLC;
    case MAC_TYPE_FDDI:
        return (bytes[0] & 0x30) == FDDI_TYPE_LLC;
    default:
        return FALSE;
    }
}

/* Ethernet's own, or that of SNAP; 0: none. */
DWORD WINAPI helpers_etype(LPVOID header, DWORD mac_type)
{
    const BYTE *bytes = header;

    if (bytes == NULL)
        return 0;
    if (!helpers_llc_present(header, mac_type))
        return mac_type == MAC_TYPE_ETHERNET ? protocol_word(bytes + 12) : 0;
    bytes += helpers_mac_header_length(header, mac_type);
    return bytes[0] == SAP_SNAP && bytes[2] == 3 ? protocol_word(bytes + 6) : 0;
}

/* The destination's in the low byte, the source's in the next one; 0: no LLC. */
DWORD WINAPI helpers_saps(LPVOID header, DWORD mac_type)
{
    if (!helpers_llc_present(header, mac_type))
        return 0;
    const BYTE *llc = (const BYTE *)header + helpers_mac_header_length(header, mac_type);
    return llc[0] | (DWORD)llc[1] << 8;
}

/*
 * The heap for a capture
 */

static LPVOID volatile instance_data;

void helpers_forget_instance(void)
{
    instance_data = NULL;
}

LPVOID WINAPI helpers_get_instance(void)
{
    return instance_data;
}

VOID WINAPI helpers_set_instance(LPVOID instance)
{
    (void)InterlockedExchangePointer((PVOID volatile *)&instance_data, instance);
}

/* Zeroed or not: it always is. */
LPVOID WINAPI helpers_heap_alloc(DWORD bytes, BOOL zero)
{
    HEXPERTKEY key = caller_key();
    (void)zero;
    return key != NULL ? caller_library()->alloc_memory(key, bytes, NULL) : NULL;
}

LPVOID WINAPI helpers_heap_realloc(LPVOID memory, DWORD bytes, BOOL zero)
{
    HEXPERTKEY key = caller_key();
    (void)zero;
    return key != NULL ? caller_library()->realloc_memory(key, memory, bytes, NULL) : NULL;
}

BOOL WINAPI helpers_heap_free(LPVOID memory)
{
    HEXPERTKEY key = caller_key();
    return key != NULL && memory != NULL &&
           caller_library()->free_memory(key, memory) == NMERR_SUCCESS;
}

SIZE_T WINAPI helpers_heap_size(LPVOID memory)
{
    HEXPERTKEY key = caller_key();
    return key != NULL ? caller_library()->memory_size(key, memory) : 0;
}
