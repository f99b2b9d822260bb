#include "filter_text.h"

#include <string.h>

#include "digit.h"
#include "handle.h"
#include "ipv6.h"

enum { MOST_WAITING = 32, LABEL_CHARS = 64 };

/* What stands before its right operand, by how tightly it binds. */
typedef enum WAITING { WAITING_PARENTHESIS, WAITING_OR, WAITING_AND, WAITING_NOT } WAITING;

typedef struct READER {
    const char *at;
    HFILTER filter;
    DWORD error; /* the first one */
    DWORD count; /* of waiting */
    BYTE waiting[MOST_WAITING];
} READER;

/* An object of a relation. */
typedef struct VALUE {
    FILTEROBJECT2 object;
    ADDRESS2 address;
} VALUE;

static const struct {
    const char *text;
    FILTERACTIONTYPE action;
} relations[] = {
    {"==", FILTERACTION_EQUALNC},
    {"!=", FILTERACTION_NOTEQUALNC},
    {"<=", FILTERACTION_LESSEQUALNC},
    {">=", FILTERACTION_GREATEREQUALNC},
    {"<", FILTERACTION_LESSNC},
    {">", FILTERACTION_GREATERNC},
    {"contains", FILTERACTION_CONTAINSNC},
    {"has", FILTERACTION_AREBITSON},
    {"lacks", FILTERACTION_AREBITSOFF},
};

static BOOL fail(READER *reader, DWORD error)
{
    if (reader->error == NMERR_SUCCESS)
        reader->error = error;
    return FALSE;
}

static void skip_blanks(READER *reader)
{
    while (*reader->at == ' ' || *reader->at == '\t')
        reader->at++;
}

static BOOL is_letter(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_';
}

/* Whether the word stands at `at`, and no letter behind it if it is of letters. */
static BOOL is_word(const char *at, const char *word)
{
    BOOL letters = is_letter(*word);

    for (; *word != '\0'; at++, word++) {
        char small = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
        if (small != *word)
            return FALSE;
    }
    return !letters || !is_letter(*at);
}

static BOOL take_word(READER *reader, const char *word)
{
    skip_blanks(reader);
    if (!is_word(reader->at, word))
        return FALSE;
    reader->at += strlen(word);
    return TRUE;
}

static BOOL add(READER *reader, FILTEROBJECT2 *object)
{
    DWORD error = filter_add_object(reader->filter, object);
    return error == NMERR_SUCCESS || fail(reader, error);
}

static BOOL add_operator(READER *reader, FILTERACTIONTYPE action)
{
    FILTEROBJECT2 object;

    memset(&object, 0, sizeof object);
    object.Action = action;
    return add(reader, &object);
}

/* Whether a property's label ends here: before a relation, a parenthesis, "and", "or". */
static BOOL is_label_end(const char *at, BOOL behind_blank)
{
    static const char *const words[] = {"and", "or"};

    if (*at == '\0' || *at == ')')
        return TRUE;
    for (SIZE_T relation = 0; relation < sizeof relations / sizeof *relations; relation++) {
        BOOL letters = is_letter(relations[relation].text[0]);
        if ((behind_blank || !letters) && is_word(at, relations[relation].text))
            return TRUE;
    }
    for (SIZE_T word = 0; behind_blank && word < sizeof words / sizeof *words; word++) {
        if (is_word(at, words[word]))
            return TRUE;
    }
    return FALSE;
}

/* Copies a name up to its end, without blanks there. */
static void read_label(READER *reader, char label[LABEL_CHARS])
{
    DWORD used = 0;

    while (!is_label_end(reader->at, used > 0 && label[used - 1] == ' ')) {
        if (used + 1 < LABEL_CHARS)
            label[used++] = *reader->at;
        reader->at++;
    }
    while (used > 0 && label[used - 1] == ' ')
        used--;
    label[used] = '\0';
}

static BOOL read_number(READER *reader, int base, DWORD *number)
{
    const char *start = reader->at;
    ULONGLONG value = 0;

    for (; digit_value(*reader->at) < base; reader->at++) {
        value = value * (ULONGLONG)base + (ULONGLONG)digit_value(*reader->at);
        if (value > MAXDWORD)
            return FALSE;
    }
    *number = (DWORD)value;
    return reader->at > start;
}

/* So many numbers with a separator between them, each a byte. */
static BOOL read_bytes(READER *reader, int base, char separator, DWORD count, BYTE *bytes)
{
    const char *start = reader->at;

    for (DWORD byte = 0; byte < count; byte++) {
        DWORD number;
        if ((byte > 0 && *reader->at++ != separator) || !read_number(reader, base, &number) ||
            number > 255) {
            reader->at = start;
            return FALSE;
        }
        bytes[byte] = (BYTE)number;
    }
    return TRUE;
}

static BOOL read_string(READER *reader, VALUE *value)
{
    const char *start = ++reader->at;

    while (*reader->at != '"' && *reader->at != '\0')
        reader->at++;
    if (*reader->at == '\0' || reader->at - start > 0xFFF)
        return fail(reader, NMERR_FILTER_INVALID_EXPRESSION);
    value->object.Action = FILTERACTION_STRING;
    value->object.lpArray = (LPVOID)(ULONG_PTR)start;
    value->object.ByteCount = (WORD)(reader->at - start);
    /* One without characters would be taken for one without a count. */
    if (value->object.ByteCount == 0)
        value->object.Action = FILTERACTION_ARRAY;
    reader->at++;
    return TRUE;
}

static BOOL read_value(READER *reader, VALUE *value)
{
    LPCSTR end;

    memset(value, 0, sizeof *value);
    skip_blanks(reader);
    if (*reader->at == '"')
        return read_string(reader, value);
    value->object.Action = FILTERACTION_ADDRESS;
    value->object.lpAddress = &value->address;
    if (read_bytes(reader, 10, '.', IP_ADDRESS_SIZE, value->address.IPAddress)) {
        value->address.Type = ADDRESS_TYPE_IP;
    } else if (read_bytes(reader, 16, '-', MAC_ADDRESS_SIZE, value->address.MACAddress)) {
        value->address.Type = ADDRESS_TYPE_ETHERNET;
    } else if (ipv6_from_text(reader->at, &end, value->address.IP6Address) == 0) {
        value->address.Type = ADDRESS_TYPE_IP6;
        reader->at = end;
    } else {
        DWORD number;
        BOOL hexadecimal = reader->at[0] == '0' && (reader->at[1] == 'x' || reader->at[1] == 'X');
        if (hexadecimal)
            reader->at += 2;
        if (!read_number(reader, hexadecimal ? 16 : 10, &number))
            return fail(reader, NMERR_FILTER_INVALID_EXPRESSION);
        value->object.Action = FILTERACTION_VALUE;
        value->object.Value = number;
    }
    return !is_letter(*reader->at) || fail(reader, NMERR_FILTER_INVALID_EXPRESSION);
}

/* What may stand behind a property. */
static BOOL read_relation(READER *reader)
{
    VALUE value;

    skip_blanks(reader);
    for (SIZE_T relation = 0; relation < sizeof relations / sizeof *relations; relation++) {
        if (!is_word(reader->at, relations[relation].text))
            continue;
        const char *start = reader->at;
        reader->at += strlen(relations[relation].text);
        if (!read_value(reader, &value) || !add(reader, &value.object))
            return FALSE;
        if (add_operator(reader, relations[relation].action))
            return TRUE;
        reader->at = start; /* which does not fit */
        return FALSE;
    }
    return add_operator(reader, FILTERACTION_PROPERTYEXIST);
}

static BOOL read_test(READER *reader)
{
    const char *start = reader->at;
    char name[LABEL_CHARS];
    FILTEROBJECT2 object;
    DWORD used = 0;

    memset(&object, 0, sizeof object);
    for (; is_letter(*reader->at) && used + 1 < LABEL_CHARS; reader->at++)
        name[used++] = *reader->at;
    name[used] = '\0';
    DWORD protocol = protocol_by_name(name);
    if (protocol == PROTOCOLS) {
        reader->at = start;
        return fail(reader, used > 0 ? NMERR_PROTOCOL_NOT_FOUND : NMERR_FILTER_INVALID_EXPRESSION);
    }
    if (*reader->at != '.') {
        object.Action = FILTERACTION_PROTOCOLEXIST;
        object.hProtocol = handle_of_protocol(protocol);
        return add(reader, &object);
    }
    start = ++reader->at;
    read_label(reader, name);
    DWORD field = protocol_field_by_name(protocol, name);
    if (field == protocol_tables[protocol]->field_count) {
        reader->at = start;
        return fail(reader, NMERR_PROPERTY_NOT_FOUND);
    }
    object.Action = FILTERACTION_PROPERTY;
    object.hProperty = handle_of_property(protocol, field);
    return add(reader, &object) && read_relation(reader);
}

/* Adds the operators on top that bind at least as tightly as this one. */
static BOOL add_waiting(READER *reader, WAITING least)
{
    static const FILTERACTIONTYPE actions[] = {
        [WAITING_OR] = FILTERACTION_OR,
        [WAITING_AND] = FILTERACTION_AND,
        [WAITING_NOT] = FILTERACTION_NOT,
    };

    while (reader->count > 0 && reader->waiting[reader->count - 1] >= least) {
        if (!add_operator(reader, actions[reader->waiting[--reader->count]]))
            return FALSE;
    }
    return TRUE;
}

static BOOL wait_with(READER *reader, WAITING one)
{
    if (reader->count == MOST_WAITING)
        return fail(reader, NMERR_FILTER_INVALID_EXPRESSION);
    reader->waiting[reader->count++] = (BYTE)one;
    return TRUE;
}

/* Up to a test and the parentheses that close behind it. */
static BOOL read_operand(READER *reader)
{
    for (;;) {
        WAITING one = WAITING_NOT;
        if (!take_word(reader, "not")) {
            if (!take_word(reader, "("))
                break;
            one = WAITING_PARENTHESIS;
        }
        if (!wait_with(reader, one))
            return FALSE;
    }
    if (!read_test(reader) || !add_waiting(reader, WAITING_NOT))
        return FALSE;
    while (take_word(reader, ")")) {
        if (!add_waiting(reader, WAITING_OR))
            return FALSE;
        if (reader->count == 0) {
            reader->at--;
            return fail(reader, NMERR_FILTER_INVALID_EXPRESSION);
        }
        reader->count--; /* the parenthesis */
        if (!add_waiting(reader, WAITING_NOT))
            return FALSE;
    }
    return TRUE;
}

static BOOL read_expression(READER *reader)
{
    for (;;) {
        if (!read_operand(reader))
            return FALSE;
        WAITING one = take_word(reader, "and")  ? WAITING_AND
                      : take_word(reader, "or") ? WAITING_OR
                                                : WAITING_PARENTHESIS;
        if (one == WAITING_PARENTHESIS)
            break;
        if (!add_waiting(reader, one) || !wait_with(reader, one))
            return FALSE;
    }
    if (!add_waiting(reader, WAITING_OR))
        return FALSE;
    return reader->count == 0 || fail(reader, NMERR_FILTER_INVALID_EXPRESSION);
}

DWORD filter_text_read(const char *text, HFILTER *filter, DWORD *at)
{
    READER reader = {.at = text, .filter = filter_create()};

    *filter = NULL;
    if (reader.filter == NULL)
        return NMERR_OUT_OF_MEMORY;
    if (read_expression(&reader)) {
        skip_blanks(&reader);
        if (*reader.at != '\0')
            (void)fail(&reader, NMERR_FILTER_INVALID_EXPRESSION);
    }
    if (at != NULL)
        *at = (DWORD)(reader.at - text);
    if (reader.error == NMERR_SUCCESS)
        *filter = reader.filter;
    else
        (void)filter_destroy(reader.filter);
    return reader.error;
}
