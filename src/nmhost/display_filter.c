#include "display_filter.h"

#include <string.h>

#include "caller.h"
#include "filter.h"
#include "frames.h"
#include "queries.h"
#include "supply.h"

enum { WORD_CHARS = 128, MOST_DEPTH = 16, MOST_ARRAY = 64 };

typedef struct PARSER {
    const LIBRARY *library;
    const char *at; /* behind the word */
    char word[WORD_CHARS];
    char quote; /* around the word: ' or ", 0: none */
    HFILTER filter;
    int depth;
} PARSER;

static HEXPERTKEY filter_key; /* NULL: there is no filter */

static BOOL is_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '_' || letter == ':' || letter == '.';
}

/* Reads the next word: a name, a number, an operator or a bracket; empty at the end. FALSE: it is too
   long, or a quote is not closed. */
static BOOL next_word(PARSER *parser, BOOL with_dots)
{
    DWORD length = 0;

    while (*parser->at == ' ' || *parser->at == '\t')
        parser->at++;
    parser->quote = *parser->at == '\'' || *parser->at == '"' ? *parser->at++ : '\0';
    if (parser->quote != '\0') {
        while (*parser->at != parser->quote) {
            if (*parser->at == '\0' || length + 1 >= WORD_CHARS)
                return FALSE;
            parser->word[length++] = *parser->at++;
        }
        parser->at++;
    } else if (is_letter(*parser->at) && *parser->at != '.') {
        while (is_letter(*parser->at) && (with_dots || *parser->at != '.')) {
            if (length + 1 >= WORD_CHARS)
                return FALSE;
            parser->word[length++] = *parser->at++;
        }
    } else if (*parser->at != '\0') {
        parser->word[length++] = *parser->at++;
        if (parser->word[0] != '(' && parser->word[0] != ')' && *parser->at == '=')
            parser->word[length++] = *parser->at++;
    }
    parser->word[length] = '\0';
    return TRUE;
}

static BOOL is_word(const PARSER *parser, const char *word)
{
    return parser->quote == '\0' && lstrcmpiA(parser->word, word) == 0;
}

static BOOL add(PARSER *parser, FILTERACTIONTYPE action)
{
    FILTEROBJECT2 object;

    memset(&object, 0, sizeof object);
    object.Action = action;
    return filter_add_object(parser->filter, &object) == NMERR_SUCCESS;
}

/* FALSE: it is none. */
static BOOL number_of(const char *text, DWORD *number)
{
    DWORD base = 10, digits = 0;
    ULONGLONG value = 0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    for (; *text != '\0'; text++, digits++) {
        char lower = (char)(*text | 0x20);
        DWORD digit = *text >= '0' && *text <= '9'   ? (DWORD)(*text - '0')
                      : lower >= 'a' && lower <= 'f' ? (DWORD)(lower - 'a' + 10)
                                                     : 16;
        if (digit >= base)
            return FALSE;
        value = value * base + digit;
        if (value > MAXDWORD)
            return FALSE;
    }
    *number = (DWORD)value;
    return digits != 0;
}

/* An IP address's four bytes. */
static BOOL address_of(const char *text, BYTE bytes[4])
{
    for (int index = 0; index < 4; index++) {
        DWORD value = 0, digits = 0;
        for (; *text >= '0' && *text <= '9' && digits < 3; text++, digits++)
            value = value * 10 + (DWORD)(*text - '0');
        if (digits == 0 || value > 255 || *text != (index < 3 ? '.' : '\0'))
            return FALSE;
        bytes[index] = (BYTE)value;
        text++;
    }
    return TRUE;
}

static BOOL add_value(PARSER *parser)
{
    FILTEROBJECT2 object;
    ADDRESS2 address;
    DWORD number;

    memset(&object, 0, sizeof object);
    memset(&address, 0, sizeof address);
    if (!next_word(parser, TRUE))
        return FALSE;
    if (parser->quote != '\0') {
        object.Action = FILTERACTION_STRING;
        object.lpArray = parser->word;
        object.ByteCount = (WORD)lstrlenA(parser->word);
    } else if (number_of(parser->word, &number)) {
        object.Action = FILTERACTION_VALUE;
        object.Value = number;
    } else if (address_of(parser->word, address.IPAddress)) {
        address.Type = ADDRESS_TYPE_IP;
        object.Action = FILTERACTION_ADDR_IP;
        object.lpAddress = &address;
    } else {
        return FALSE;
    }
    return filter_add_object(parser->filter, &object) == NMERR_SUCCESS;
}

/* The operator that the text goes on with; FILTERACTION_INVALID, and nothing read, if it is none. */
static FILTERACTIONTYPE next_operator(PARSER *parser)
{
    static const struct {
        const char *word;
        FILTERACTIONTYPE action;
    } operators[] = {{"==", FILTERACTION_EQUAL},         {"!=", FILTERACTION_NOTEQUAL},
                     {"<", FILTERACTION_LESS},           {"<=", FILTERACTION_LESSEQUAL},
                     {">", FILTERACTION_GREATER},        {">=", FILTERACTION_GREATEREQUAL},
                     {"contains", FILTERACTION_CONTAINS}};
    const char *before = parser->at;

    if (next_word(parser, FALSE)) {
        for (DWORD index = 0; index < sizeof operators / sizeof *operators; index++) {
            if (is_word(parser, operators[index].word))
                return operators[index].action;
        }
    }
    parser->at = before;
    return FILTERACTION_INVALID;
}

/* PROTOCOL, or PROTOCOL.PROPERTY and what it is compared with; the word is the protocol's name. */
static BOOL parse_test(PARSER *parser)
{
    FILTEROBJECT2 object;

    memset(&object, 0, sizeof object);
    HPROTOCOL protocol = queries_protocol_from_name(parser->word);
    if (protocol == NULL)
        return FALSE;
    if (*parser->at != '.') {
        object.Action = FILTERACTION_PROTOCOLEXIST;
        object.hProtocol = protocol;
        return filter_add_object(parser->filter, &object) == NMERR_SUCCESS;
    }
    parser->at++;
    if (!next_word(parser, FALSE))
        return FALSE;
    object.hProperty = queries_property(protocol, parser->word);
    if (object.hProperty == 0)
        return FALSE;
    FILTERACTIONTYPE action = next_operator(parser);
    object.Action =
        action == FILTERACTION_INVALID ? FILTERACTION_PROPERTYEXIST : FILTERACTION_PROPERTY;
    if (filter_add_object(parser->filter, &object) != NMERR_SUCCESS)
        return FALSE;
    return action == FILTERACTION_INVALID || (add_value(parser) && add(parser, action));
}

static BOOL parse_expression(PARSER *parser);

static BOOL parse_factor(PARSER *parser)
{
    BOOL good;

    if (!next_word(parser, FALSE) || parser->word[0] == '\0' || parser->depth == MOST_DEPTH)
        return FALSE;
    parser->depth++;
    if (is_word(parser, "not")) {
        good = parse_factor(parser) && add(parser, FILTERACTION_NOT);
    } else if (is_word(parser, "(")) {
        good = parse_expression(parser) && next_word(parser, FALSE) && is_word(parser, ")");
    } else {
        good = parser->quote == '\0' && parse_test(parser);
    }
    parser->depth--;
    return good;
}

/* Operands joined by the word; a tighter one first. */
static BOOL parse_joined(PARSER *parser, const char *word, FILTERACTIONTYPE action,
                         BOOL (*parse)(PARSER *))
{
    if (!parse(parser))
        return FALSE;
    for (;;) {
        const char *before = parser->at;
        if (!next_word(parser, FALSE))
            return FALSE;
        if (!is_word(parser, word)) {
            parser->at = before;
            return TRUE;
        }
        if (!parse(parser) || !add(parser, action))
            return FALSE;
    }
}

static BOOL parse_term(PARSER *parser)
{
    return parse_joined(parser, "and", FILTERACTION_AND, parse_factor);
}

static BOOL parse_expression(PARSER *parser)
{
    return parse_joined(parser, "or", FILTERACTION_OR, parse_term);
}

BOOL display_filter_set(const LIBRARY *library, const char *text)
{
    static ULONG_PTR last;
    PARSER parser = {.library = library, .at = text};
    HEXPERTKEY key = (HEXPERTKEY)~last; /* no expert's: those count from 1 */

    last++;
    if (library->open_expert(key, NULL) != NMERR_SUCCESS)
        return FALSE;
    filter_key = key;
    supply_thread(key);
    parser.filter = filter_create();
    BOOL good = parser.filter != NULL && parse_expression(&parser) && next_word(&parser, FALSE) &&
                parser.word[0] == '\0' && parser.quote == '\0';
    supply_thread(NULL);
    if (good)
        frames_set_ui_filter(key, parser.filter);
    return good;
}

void display_filter_drop(const LIBRARY *library)
{
    NMAPI_EXPERT_USAGE usage = {.cbSize = sizeof usage};

    frames_set_ui_filter(NULL, NULL);
    if (filter_key != NULL)
        library->close_expert(filter_key, &usage);
    filter_key = NULL;
}
