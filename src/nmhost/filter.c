#include "filter.h"

#include <stddef.h>
#include <string.h>

#include "address.h"
#include "handle.h"

enum {
    SIGNATURE = 0x544C4946,
    SLOTS = 1024, /* a power of two */
    SLOT_BITS = 10,
    SERIALS = 0x4000,
    MOST_DATA = 0x4000 /* bytes of one object */
};

#define HANDLE_FILTER ((ULONG_PTR)0x46000000)

/* `key` is what makes it taken: set first, cleared last. */
typedef struct SLOT {
    HEXPERTKEY volatile key;
    FILTER_BODY *volatile body;
    LONG volatile serial; /* grows each time that it is freed: a stale handle is none */
} SLOT;

static SLOT slots[SLOTS];

void filter_forget_others(HEXPERTKEY key)
{
    for (DWORD number = 0; number < SLOTS; number++) {
        if (slots[number].key == NULL || slots[number].key == key)
            continue;
        slots[number].body = NULL;
        slots[number].serial++;
        slots[number].key = NULL;
    }
}

static HFILTER handle_of(DWORD number)
{
    DWORD serial = (DWORD)slots[number].serial & (SERIALS - 1);
    return (HFILTER)(HANDLE_FILTER | serial << SLOT_BITS | number);
}

/* NULL unless it is a filter of this key's whose memory is as this file left it. */
static SLOT *slot_of(HEXPERTKEY key, HFILTER handle)
{
    DWORD number = (DWORD)(ULONG_PTR)handle & (SLOTS - 1);
    SLOT *slot = &slots[number];
    FILTER_BODY *body = slot->body;

    if (key == NULL || body == NULL || handle != handle_of(number))
        return NULL;
    /* 0 if it is another expert's. */
    SIZE_T size = caller_library()->memory_size(key, body);
    if (size < sizeof *body || body->signature != SIGNATURE || body->operands > FILTER_OPERANDS ||
        size != sizeof *body + body->bytes)
        return NULL;
    return slot;
}

const FILTER_BODY *filter_of(HEXPERTKEY key, HFILTER handle)
{
    const SLOT *slot = slot_of(key, handle);
    return slot != NULL ? slot->body : NULL;
}

BOOL filter_is_complete(const FILTER_BODY *body)
{
    return body->operands == 0 || (body->operands == 1 && body->kinds[0] == FILTER_TRUTH);
}

/* Takes a place for a filter that is filled in already. */
static HFILTER take_slot(HEXPERTKEY key, FILTER_BODY *body)
{
    for (DWORD number = 0; number < SLOTS; number++) {
        SLOT *slot = &slots[number];
        if (slot->key != NULL ||
            InterlockedCompareExchangePointer((PVOID volatile *)&slot->key, key, NULL) != NULL)
            continue;
        slot->body = body;
        return handle_of(number);
    }
    caller_library()->free_memory(key, body);
    return NULL;
}

HFILTER WINAPI filter_create(void)
{
    HEXPERTKEY key = caller_key();

    if (key == NULL)
        return NULL;
    FILTER_BODY *body = caller_library()->alloc_memory(key, sizeof *body, NULL);
    if (body == NULL)
        return NULL;
    body->signature = SIGNATURE;
    return take_slot(key, body);
}

HFILTER WINAPI filter_duplicate(HFILTER handle)
{
    HEXPERTKEY key = caller_key();
    const FILTER_BODY *body = filter_of(key, handle);

    if (body == NULL)
        return NULL;
    FILTER_BODY *copy =
        caller_library()->alloc_memory(key, sizeof *body + (SIZE_T)body->bytes, NULL);
    if (copy == NULL)
        return NULL;
    memcpy(copy, body, sizeof *body + (SIZE_T)body->bytes);
    return take_slot(key, copy);
}

/* A terminated expert's filters are still freed. */
DWORD WINAPI filter_destroy(HFILTER handle)
{
    HEXPERTKEY key = caller_key();
    SLOT *slot = slot_of(key, handle);

    if (slot == NULL)
        return NMERR_INVALID_HFILTER;
    FILTER_BODY *body = slot->body;
    slot->body = NULL;
    slot->serial++;
    slot->key = NULL;
    body->signature = 0;
    caller_library()->free_memory(key, body);
    return NMERR_SUCCESS;
}

/*
 * Adding objects
 */

/* What an object's pointer leads to, whatever it is: a wrong one is an error, not a crash. */
static BOOL read_caller(const void *from, void *to, SIZE_T bytes)
{
    SIZE_T read = 0;
    return from != NULL && ReadProcessMemory(GetCurrentProcess(), from, to, bytes, &read) &&
           read == bytes;
}

static DWORD read_address(const FILTEROBJECT2 *object, DWORD wanted, FILTER_TERM *term)
{
    ADDRESS2 *address = (ADDRESS2 *)term->data;
    DWORD type, bytes;

    memset(address, 0, sizeof *address);
    if (!read_caller(object->lpAddress, &type, sizeof type))
        return NMERR_INVALID_PARAMETER;
    bytes = address_bytes(type);
    if ((wanted != ADDRESS_TYPE_ANY && type != wanted) || (bytes == 0 && type != ADDRESS_TYPE_ANY))
        return NMERR_INVALID_PARAMETER;
    if (!read_caller((const BYTE *)object->lpAddress + offsetof(ADDRESS2, MACAddress),
                     address->MACAddress, bytes))
        return NMERR_INVALID_PARAMETER;
    address->Type = type;
    term->bytes = sizeof *address;
    return NMERR_SUCCESS;
}

static DWORD read_protocols(const FILTEROBJECT2 *object, FILTER_TERM *term)
{
    const BYTE *table = (const BYTE *)object->lpProtocolTable;
    ULONG_PTR handle;
    DWORD count;

    if (!read_caller(table, &count, sizeof count))
        return NMERR_INVALID_PARAMETER;
    for (DWORD entry = 0; entry < count; entry++) {
        if (!read_caller(table + offsetof(PROTOCOLTABLE, hProtocol) + entry * sizeof handle,
                         &handle, sizeof handle))
            return NMERR_INVALID_PARAMETER;
        DWORD protocol = handle_to_protocol((HPROTOCOL)handle);
        if (protocol == PROTOCOLS)
            return NMERR_INVALID_HPROTOCOL;
        term->value |= (LONGLONG)1 << protocol;
    }
    return NMERR_SUCCESS;
}

/* Of a string that has no count: up to its end. */
static DWORD read_bytes(const FILTEROBJECT2 *object, FILTER_TERM *term)
{
    const BYTE *from = object->lpArray;
    DWORD bytes = object->ByteCount;

    if (bytes > MOST_DATA)
        return NMERR_INVALID_PARAMETER;
    if (bytes != 0 || object->Action != FILTERACTION_STRING) {
        term->bytes = (WORD)bytes;
        return read_caller(from, term->data, bytes) ? NMERR_SUCCESS : NMERR_INVALID_PARAMETER;
    }
    for (; bytes < MOST_DATA; bytes++) {
        if (!read_caller(from + bytes, term->data + bytes, 1))
            return NMERR_INVALID_PARAMETER;
        if (term->data[bytes] == 0)
            break;
    }
    term->bytes = (WORD)bytes;
    return NMERR_SUCCESS;
}

static DWORD read_property(const FILTEROBJECT2 *object, FILTER_TERM *term)
{
    term->property = object->hProperty;
    return property_info(term->property) != NULL ? NMERR_SUCCESS : NMERR_INVALID_HPROPERTY;
}

/* Behind the start of the property's protocol, or of the protocol that the object names instead. */
static DWORD read_place(const FILTEROBJECT2 *object, FILTER_TERM *term)
{
    DWORD protocol, field;

    if (!handle_to_property(object->hProperty, &protocol, &field))
        protocol = handle_to_protocol(object->hProtocol);
    term->property = protocol;
    term->value = object->ByteOffset;
    return protocol < PROTOCOLS ? NMERR_SUCCESS : NMERR_INVALID_HPROPERTY;
}

/* Fills in the term of an operand and says of what kind it is; NMERR_NOT_SUPPORTED: of none. */
static DWORD read_operand(const FILTEROBJECT2 *object, FILTER_TERM *term, FILTER_KIND *kind)
{
    static const DWORD address_types[] = {ADDRESS_TYPE_ETHERNET, ADDRESS_TYPE_TOKENRING,
                                          ADDRESS_TYPE_FDDI, ADDRESS_TYPE_IPX, ADDRESS_TYPE_IP};

    switch (object->Action) {
    case FILTERACTION_PROPERTY:
        *kind = FILTER_PROPERTY;
        return read_property(object, term);
    case FILTERACTION_VALUE:
        *kind = FILTER_NUMBER;
        term->value = object->Value;
        return NMERR_SUCCESS;
    case FILTERACTION_LARGEINT:
        *kind = FILTER_NUMBER;
        return read_caller(object->lpLargeInt, &term->value, sizeof term->value)
                   ? NMERR_SUCCESS
                   : NMERR_INVALID_PARAMETER;
    case FILTERACTION_STRING:
    case FILTERACTION_ARRAY:
        *kind = FILTER_BYTES;
        return read_bytes(object, term);
    case FILTERACTION_DEREFPROPERTY:
        *kind = FILTER_PLACE;
        return read_place(object, term);
    case FILTERACTION_ADDRESS:
        *kind = FILTER_ADDRESS;
        return read_address(object, ADDRESS_TYPE_ANY, term);
    case FILTERACTION_ADDRESSANY:
        *kind = FILTER_ADDRESS;
        memset(term->data, 0, sizeof(ADDRESS2));
        ((ADDRESS2 *)term->data)->Type = ADDRESS_TYPE_ANY;
        term->bytes = sizeof(ADDRESS2);
        return NMERR_SUCCESS;
    case FILTERACTION_ADDR_ETHER:
    case FILTERACTION_ADDR_TOKEN:
    case FILTERACTION_ADDR_FDDI:
    case FILTERACTION_ADDR_IPX:
    case FILTERACTION_ADDR_IP:
        *kind = FILTER_ADDRESS;
        return read_address(object, address_types[object->Action - FILTERACTION_ADDR_ETHER], term);
    case FILTERACTION_ADDR_VINES:
        *kind = FILTER_ADDRESS;
        return read_address(object, ADDRESS_TYPE_VINES_IP, term);
    case FILTERACTION_ADDR_IP6:
        *kind = FILTER_ADDRESS;
        return read_address(object, ADDRESS_TYPE_IP6, term);
    case FILTERACTION_BOOL:
        *kind = FILTER_TRUTH;
        term->value = object->Value != 0;
        return NMERR_SUCCESS;
    case FILTERACTION_PROTOCOLEXIST: {
        DWORD protocol = handle_to_protocol(object->hProtocol);
        *kind = FILTER_TRUTH;
        if (protocol == PROTOCOLS)
            return NMERR_INVALID_HPROTOCOL;
        term->value = (LONGLONG)1 << protocol;
        return NMERR_SUCCESS;
    }
    case FILTERACTION_PROTOCOLSEXIST:
        *kind = FILTER_TRUTH;
        return read_protocols(object, term);
    default:
        return NMERR_NOT_SUPPORTED;
    }
}

/* Whether an operator takes these two from the stack (left, right), or this one (right). 0: not. */
static DWORD operands_of(FILTERACTIONTYPE action, const FILTER_BODY *body, FILTER_KIND *result)
{
    FILTER_KIND right = body->operands > 0 ? (FILTER_KIND)body->kinds[body->operands - 1] : 0;
    FILTER_KIND left = body->operands > 1 ? (FILTER_KIND)body->kinds[body->operands - 2] : 0;
    BOOL pattern = left == FILTER_PROPERTY || left == FILTER_PLACE;

    *result = FILTER_TRUTH;
    switch (action) {
    case FILTERACTION_NOT:
        return right == FILTER_TRUTH ? 1 : 0;
    case FILTERACTION_AND:
    case FILTERACTION_OR:
    case FILTERACTION_XOR:
        return left == FILTER_TRUTH && right == FILTER_TRUTH ? 2 : 0;
    case FILTERACTION_PROPERTYEXIST:
        return right == FILTER_PROPERTY ? 1 : 0;
    case FILTERACTION_FROM:
    case FILTERACTION_TO:
        return right == FILTER_ADDRESS ? 1 : 0;
    case FILTERACTION_FROMTO:
        return left == FILTER_ADDRESS && right == FILTER_ADDRESS ? 2 : 0;
    case FILTERACTION_CONTAINS:
    case FILTERACTION_CONTAINSNC:
    case FILTERACTION_ARRAYEQUAL:
        return pattern && right == FILTER_BYTES ? 2 : 0;
    case FILTERACTION_AREBITSON:
    case FILTERACTION_AREBITSOFF:
        return left == FILTER_PROPERTY && right == FILTER_NUMBER ? 2 : 0;
    case FILTERACTION_PLUS:
    case FILTERACTION_MINUS:
        *result = left;
        return (left == FILTER_PROPERTY || left == FILTER_NUMBER) && right == FILTER_NUMBER ? 2 : 0;
    default:
        if (action < FILTERACTION_EQUALNC || action > FILTERACTION_LESSEQUAL)
            return 0;
        if (pattern && right == FILTER_BYTES)
            return 2;
        if (left == FILTER_PROPERTY && (right == FILTER_NUMBER || right == FILTER_ADDRESS))
            return 2;
        return right == FILTER_PROPERTY && (left == FILTER_NUMBER || left == FILTER_ADDRESS) ? 2
                                                                                             : 0;
    }
}

static BOOL is_operator(FILTERACTIONTYPE action)
{
    return (action >= FILTERACTION_AND && action <= FILTERACTION_MINUS) ||
           (action >= FILTERACTION_FROM && action <= FILTERACTION_AREBITSOFF) ||
           action == FILTERACTION_ARRAYEQUAL;
}

/* Fills in the term and says what it takes from the stack and leaves there. */
static DWORD read_object(const FILTEROBJECT2 *object, const FILTER_BODY *body, FILTER_TERM *term,
                         DWORD *taken, FILTER_KIND *kind)
{
    term->action = (WORD)object->Action;
    *taken = 0;
    if (!is_operator(object->Action))
        return read_operand(object, term, kind);
    *taken = operands_of(object->Action, body, kind);
    if (*taken != 0)
        return NMERR_SUCCESS;
    /* The property may be in the object itself instead. */
    if (object->Action != FILTERACTION_PROPERTYEXIST || object->hProperty == 0)
        return NMERR_FILTER_INVALID_EXPRESSION;
    *kind = FILTER_TRUTH;
    return read_property(object, term);
}

DWORD WINAPI filter_add_object(HFILTER handle, LPFILTEROBJECT2 object)
{
    union {
        FILTER_TERM term;
        BYTE room[sizeof(FILTER_TERM) + MOST_DATA + 8];
    } added;
    const LIBRARY *library = caller_library();
    HEXPERTKEY key = caller_key();
    SLOT *slot = slot_of(key, handle);
    FILTEROBJECT2 given;
    FILTER_KIND kind;
    DWORD taken, error;

    if (slot == NULL || !read_caller(object, &given, sizeof given))
        return NMERR_INVALID_PARAMETER;
    memset(&added.term, 0, sizeof added.term);
    error = read_object(&given, slot->body, &added.term, &taken, &kind);
    if (error != NMERR_SUCCESS)
        return error;
    DWORD left = slot->body->operands - taken;
    if (left >= FILTER_OPERANDS)
        return NMERR_FILTER_INVALID_EXPRESSION;

    added.term.size = (DWORD)(sizeof added.term + added.term.bytes + 7) & ~(DWORD)7;
    DWORD bytes = slot->body->bytes;
    FILTER_BODY *body = library->realloc_memory(
        key, slot->body, sizeof *body + (SIZE_T)bytes + added.term.size, &error);
    if (body == NULL)
        return error;
    slot->body = body;
    memcpy(body->terms + bytes, &added, added.term.size);
    body->bytes = bytes + added.term.size;
    body->kinds[left] = (BYTE)kind;
    body->operands = left + 1;
    if (kind == FILTER_PROPERTY || added.term.action == FILTERACTION_PROPERTYEXIST)
        body->properties = TRUE;
    return NMERR_SUCCESS;
}
