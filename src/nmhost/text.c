#include "text.h"

#include <string.h>

#include "ber.h"
#include "helpers.h"
#include "ipv6.h"

void text_put(TEXT *text, const char *string)
{
    while (*string != '\0' && text->used + 1 < text->size)
        text->start[text->used++] = *string++;
    text->start[text->used] = '\0';
}

void text_put_character(TEXT *text, char character)
{
    const char string[2] = {character, '\0'};
    text_put(text, string);
}

void text_put_number(TEXT *text, ULONGLONG number, DWORD base)
{
    char digits[24];
    (void)helpers_number(digits, number, base);
    text_put(text, digits);
}

void text_put_value(TEXT *text, ULONGLONG value)
{
    text_put_number(text, value, 10);
    text_put(text, " (0x");
    text_put_number(text, value, 16);
    text_put_character(text, ')');
}

void text_put_hex_byte(TEXT *text, BYTE byte)
{
    static const char digits[] = "0123456789abcdef";
    text_put_character(text, digits[byte >> 4]);
    text_put_character(text, digits[byte & 15]);
}

/* A line for a bit: dots, and its digit. */
static void put_bit(TEXT *text, DWORD bits, DWORD bit, BOOL on, const char *label)
{
    for (DWORD at = bits; at-- > 0;)
        text_put_character(text, at != bit ? '.' : on ? '1' : '0');
    text_put(text, " = ");
    text_put(text, label != NULL ? label : "");
}

static DWORD width_of(BYTE type)
{
    switch (type) {
    case PROP_TYPE_BYTE:
        return 1;
    case PROP_TYPE_WORD:
    case PROP_TYPE_BYTESWAPPED_WORD:
        return 2;
    case PROP_TYPE_LARGEINT:
        return 8;
    default:
        return 4;
    }
}

const char *text_label(const SET *set, DWORD width, ULONGLONG value)
{
    LPSET table = (LPSET)(ULONG_PTR)set;
    LPBYTE label = width == 1   ? helpers_lookup_byte(table, (BYTE)value)
                   : width == 2 ? helpers_lookup_word(table, (WORD)value)
                                : helpers_lookup_dword(table, (DWORD)value);
    return (const char *)label;
}

static BOOL is_in_set(const SET *set, DWORD width, ULONGLONG value)
{
    for (DWORD entry = 0; set != NULL && entry < set->nEntries; entry++) {
        ULONGLONG member = width == 1   ? set->lpByteTable[entry]
                           : width == 2 ? set->lpWordTable[entry]
                                        : set->lpDwordTable[entry];
        if (member == value)
            return TRUE;
    }
    return FALSE;
}

void text_put_flags(TEXT *text, const SET *set, DWORD width, ULONGLONG value)
{
    for (DWORD entry = 0; set != NULL && entry < set->nEntries; entry++) {
        const LABELED_BIT *bit = &set->lpLabeledBit[entry];
        BOOL on = bit->BitNumber < 64 && (value >> bit->BitNumber & 1) != 0;
        if (entry > 0)
            text_put(text, "\r\n");
        put_bit(text, width * 8, bit->BitNumber, on, on ? bit->LabelOn : bit->LabelOff);
    }
}

static void put_array(TEXT *text, const PROPERTYINST *instance, DWORD width)
{
    DWORD bytes;
    const BYTE *data = property_data(instance, &bytes);
    BOOL swapped = (instance->IFlags & IFLAG_SWAPPED) != 0;

    for (DWORD at = 0; at + width <= bytes && text->used + 1 < text->size; at += width) {
        if (at > 0)
            text_put_character(text, ' ');
        for (DWORD byte = 0; byte < width; byte++)
            text_put_hex_byte(text, data[at + (swapped ? byte : width - 1 - byte)]);
    }
}

static void put_numeric(TEXT *text, const PROPERTYINST *instance, ULONGLONG value)
{
    const PROPERTYINFO *info = instance->lpPropertyInfo;
    DWORD width = width_of(info->DataType);
    const char *label;

    switch (info->DataQualifier) {
    case PROP_QUAL_RANGE:
        text_put_value(text, value);
        text_put(text, " Range:(");
        if (info->lpRange != NULL) {
            text_put_value(text, info->lpRange->MinValue);
            text_put(text, " - ");
            text_put_value(text, info->lpRange->MaxValue);
        }
        text_put_character(text, ')');
        break;
    case PROP_QUAL_SET:
        text_put_value(text, value);
        text_put(text, is_in_set(info->lpSet, width, value) ? " Matches Set Value"
                                                            : " Unknown Set Value");
        break;
    case PROP_QUAL_LABELED_SET:
        label = text_label(info->lpSet, width, value);
        if (label != NULL)
            text_put(text, label);
        else
            text_put_value(text, value);
        break;
    case PROP_QUAL_CONST:
        break;
    case PROP_QUAL_FLAGS:
        text_put_flags(text, info->lpSet, width, value);
        break;
    case PROP_QUAL_ARRAY:
        put_array(text, instance, width);
        break;
    default:
        text_put_value(text, value);
        break;
    }
}

void text_put_string(TEXT *text, const PROPERTYINST *instance)
{
    DWORD bytes;
    const BYTE *data = property_data(instance, &bytes);

    if (instance->IFlags & IFLAG_UNICODE) {
        char converted[MAX_PATH];
        (void)ber_format_unicode(converted, (LPCWSTR)(const void *)data, (WORD)bytes);
        text_put(text, converted);
        return;
    }
    for (DWORD at = 0; at < bytes && data[at] != 0; at++)
        text_put_character(text, data[at] >= ' ' && data[at] != 0x7F ? (char)data[at] : '.');
}

static void put_digits(TEXT *text, DWORD number, DWORD count)
{
    for (DWORD power = count == 4 ? 1000 : count == 3 ? 100 : 10; power != 0; power /= 10)
        text_put_character(text, (char)('0' + number / power % 10));
}

void text_put_time(TEXT *text, const SYSTEMTIME *time)
{
    put_digits(text, time->wYear, 4);
    text_put_character(text, '-');
    put_digits(text, time->wMonth, 2);
    text_put_character(text, '-');
    put_digits(text, time->wDay, 2);
    text_put_character(text, ' ');
    put_digits(text, time->wHour, 2);
    text_put_character(text, ':');
    put_digits(text, time->wMinute, 2);
    text_put_character(text, ':');
    put_digits(text, time->wSecond, 2);
    text_put_character(text, '.');
    put_digits(text, time->wMilliseconds, 3);
}

static void put_address(TEXT *text, BYTE type, const BYTE *data, DWORD bytes)
{
    char string[IPV6_TEXT];

    if (type == PROP_TYPE_IP6_ADDRESS && bytes == IP6_ADDRESS_SIZE) {
        (void)ipv6_to_text(data, string);
        text_put(text, string);
        return;
    }
    for (DWORD at = 0; at < bytes; at++) {
        if (type == PROP_TYPE_IP_ADDRESS) {
            if (at > 0)
                text_put_character(text, '.');
            text_put_number(text, data[at], 10);
        } else { /* in capitals, as AddressToString writes it */
            text_put_character(text, "0123456789ABCDEF"[data[at] >> 4]);
            text_put_character(text, "0123456789ABCDEF"[data[at] & 15]);
        }
    }
}

/* FALSE: there is no text for its type. */
static BOOL put_data(TEXT *text, const PROPERTYINST *instance)
{
    const PROPERTYINFO *info = instance->lpPropertyInfo;
    DWORD bytes;
    const BYTE *data = property_data(instance, &bytes);
    ULONGLONG number;
    SYSTEMTIME time;

    if (property_number(instance, &number)) {
        put_numeric(text, instance, number);
        return TRUE;
    }
    switch (info->DataType) {
    case PROP_TYPE_SUMMARY:
        if (instance->DataLength != (WORD)-1)
            text_put(text, info->Comment != NULL ? info->Comment : "");
        else
            text_put_string(text, instance);
        return TRUE;
    case PROP_TYPE_VOID:
    case PROP_TYPE_COMMENT:
    case PROP_TYPE_STRING:
        text_put_string(text, instance);
        return TRUE;
    case PROP_TYPE_TIME:
        if (bytes < sizeof time)
            return FALSE;
        memcpy(&time, data, sizeof time);
        text_put_time(text, &time);
        return TRUE;
    case PROP_TYPE_ADDR:
    case PROP_TYPE_IP_ADDRESS:
    case PROP_TYPE_IPX_ADDRESS:
    case PROP_TYPE_IP6_ADDRESS:
    case PROP_TYPE_ETHERNET_ADDRESS:
    case PROP_TYPE_TOKENRING_ADDRESS:
    case PROP_TYPE_FDDI_ADDRESS:
    case PROP_TYPE_VINES_IP_ADDRESS:
        put_address(text, info->DataType, data, bytes);
        return TRUE;
    default:
        return FALSE;
    }
}

void text_put_label(TEXT *text, const PROPERTYINST *instance)
{
    text_put(text, instance->lpPropertyInfo->Label != NULL ? instance->lpPropertyInfo->Label : "");
}

BOOL text_put_instance(TEXT *text, const PROPERTYINST *instance)
{
    BYTE type = instance->lpPropertyInfo->DataType;

    if (type == PROP_TYPE_RAW_DATA) {
        text_put_label(text, instance);
        return TRUE;
    }
    if (instance->lpPropertyInfo->DataQualifier != PROP_QUAL_FLAGS) {
        text_put_label(text, instance);
        text_put(text, " = ");
    }
    return put_data(text, instance);
}
