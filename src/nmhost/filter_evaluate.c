#include "filter.h"

#include <stddef.h>
#include <string.h>

#include "address.h"
#include "handle.h"

/* What lies on the stack. */
typedef struct OPERAND {
    FILTER_KIND kind;
    const FILTER_TERM *term;
    LONGLONG number; /* the value; of a property: what is added to its own */
} OPERAND;

typedef struct RUN {
    CALLER *caller;
    const COPY *copy;
    DWORD count;
    OPERAND stack[FILTER_OPERANDS];
} RUN;

/* The next instance of a property, whose protocol most frames do not have. The frame's properties
   are attached when the first one is asked for. */
static LPPROPERTYINST next_instance(RUN *run, HPROPERTY property, LPPROPERTYINST last)
{
    PROPERTY_SPACE *space = &run->caller->filtered;
    DWORD protocol, field;

    if (!handle_to_property(property, &protocol, &field) ||
        protocol_find(&run->copy->layers, protocol) == NULL)
        return NULL;
    if (space->frame == INVALID_FRAME_NUMBER)
        property_attach_all(space, run->copy->info.number, run->copy->info.data,
                            &run->copy->layers);
    return property_find(space, property, last, TRUE);
}

static BYTE folded(BYTE byte)
{
    return byte >= 'A' && byte <= 'Z' ? (BYTE)(byte - 'A' + 'a') : byte;
}

static int compare_byte(BYTE one, BYTE other, BOOL fold)
{
    return fold ? folded(one) - folded(other) : one - other;
}

/* Byte for byte; where one ends before the other, the shorter one is less. */
static int compare_bytes(const BYTE *one, DWORD one_bytes, const BYTE *other, DWORD other_bytes,
                         BOOL fold)
{
    DWORD both = one_bytes < other_bytes ? one_bytes : other_bytes;

    for (DWORD byte = 0; byte < both; byte++) {
        int order = compare_byte(one[byte], other[byte], fold);
        if (order != 0)
            return order;
    }
    return (one_bytes > other_bytes) - (one_bytes < other_bytes);
}

static BOOL contains(const BYTE *bytes, DWORD count, const FILTER_TERM *part, BOOL fold)
{
    for (DWORD at = 0; at + part->bytes <= count; at++) {
        if (compare_bytes(bytes + at, part->bytes, part->data, part->bytes, fold) == 0)
            return TRUE;
    }
    return FALSE;
}

static BOOL holds(DWORD action, int order)
{
    switch (action) {
    case FILTERACTION_EQUAL:
    case FILTERACTION_EQUALNC:
    case FILTERACTION_ARRAYEQUAL:
        return order == 0;
    case FILTERACTION_NOTEQUAL:
    case FILTERACTION_NOTEQUALNC:
        return order != 0;
    case FILTERACTION_GREATER:
    case FILTERACTION_GREATERNC:
        return order > 0;
    case FILTERACTION_LESS:
    case FILTERACTION_LESSNC:
        return order < 0;
    case FILTERACTION_GREATEREQUAL:
    case FILTERACTION_GREATEREQUALNC:
        return order >= 0;
    default:
        return order <= 0;
    }
}

static BOOL ignores_case(DWORD action)
{
    return action == FILTERACTION_CONTAINSNC ||
           (action >= FILTERACTION_EQUALNC && action <= FILTERACTION_LESSEQUALNC &&
            action % 2 == 0);
}

/* The kind of address that a property of this type has. */
static BOOL has_address_type(BYTE property_type, DWORD address_type)
{
    switch (property_type) {
    case PROP_TYPE_IP_ADDRESS:
        return address_type == ADDRESS_TYPE_IP;
    case PROP_TYPE_IP6_ADDRESS:
        return address_type == ADDRESS_TYPE_IP6;
    case PROP_TYPE_IPX_ADDRESS:
        return address_type == ADDRESS_TYPE_IPX;
    case PROP_TYPE_ADDR:
    case PROP_TYPE_ETHERNET_ADDRESS:
        return address_type == ADDRESS_TYPE_ETHERNET;
    case PROP_TYPE_TOKENRING_ADDRESS:
        return address_type == ADDRESS_TYPE_TOKENRING;
    case PROP_TYPE_FDDI_ADDRESS:
        return address_type == ADDRESS_TYPE_FDDI;
    default:
        return FALSE;
    }
}

/* Whether one instance is to the other operand as the action says; `swapped`: the instance is the
   right one. */
static BOOL instance_matches(DWORD action, const PROPERTYINST *instance, LONGLONG added,
                             const OPERAND *other, BOOL swapped)
{
    DWORD bytes;
    const BYTE *data = property_data(instance, &bytes);
    ULONGLONG number;
    int order;

    switch (other->kind) {
    case FILTER_NUMBER: {
        if (!property_number(instance, &number))
            return FALSE;
        LONGLONG value = (LONGLONG)(number + (ULONGLONG)added);
        if (action == FILTERACTION_AREBITSON)
            return (value & other->number) == other->number;
        if (action == FILTERACTION_AREBITSOFF)
            return (value & other->number) == 0;
        order = (value > other->number) - (value < other->number);
        break;
    }
    case FILTER_ADDRESS: {
        const ADDRESS2 *address = (const ADDRESS2 *)other->term->data;
        if (address->Type == ADDRESS_TYPE_ANY)
            order = 0;
        else if (!has_address_type(instance->lpPropertyInfo->DataType, address->Type))
            return FALSE;
        else
            order = compare_bytes(data, bytes, address->MACAddress, address_bytes(address->Type),
                                  FALSE);
        break;
    }
    default:
        if (action == FILTERACTION_CONTAINS || action == FILTERACTION_CONTAINSNC)
            return contains(data, bytes, other->term, ignores_case(action));
        order =
            compare_bytes(data, bytes, other->term->data, other->term->bytes, ignores_case(action));
        break;
    }
    return holds(action, swapped ? -order : order);
}

/* Whether a property can be compared with it. */
static BOOL is_comparable(const OPERAND *operand)
{
    return operand->kind == FILTER_NUMBER || operand->kind == FILTER_BYTES ||
           operand->kind == FILTER_ADDRESS;
}

static BOOL any_instance_matches(RUN *run, DWORD action, const OPERAND *property,
                                 const OPERAND *other, BOOL swapped)
{
    LPPROPERTYINST instance = NULL;

    while ((instance = next_instance(run, property->term->property, instance)) != NULL) {
        if (instance_matches(action, instance, property->number, other, swapped))
            return TRUE;
    }
    return FALSE;
}

/* The bytes from a place on: as many as the pattern has, or all for a search. With no protocol, or
   too few bytes, no relation holds. */
static BOOL place_matches(const RUN *run, DWORD action, const OPERAND *place,
                          const FILTER_TERM *pattern)
{
    const LAYER *layer = protocol_find(&run->copy->layers, (DWORD)place->term->property);

    if (layer == NULL || layer->offset + (ULONGLONG)place->term->value > layer->end)
        return FALSE;
    DWORD at = layer->offset + (DWORD)place->term->value;
    const BYTE *data = run->copy->info.data + at;
    DWORD left = layer->end - at;
    if (action == FILTERACTION_CONTAINS || action == FILTERACTION_CONTAINSNC)
        return contains(data, left, pattern, ignores_case(action));
    return left >= pattern->bytes &&
           holds(action, compare_bytes(data, pattern->bytes, pattern->data, pattern->bytes,
                                       ignores_case(action)));
}

/* A relation between the two operands. */
static BOOL relate(RUN *run, DWORD action, const OPERAND *left, const OPERAND *right)
{
    if (left->kind == FILTER_PLACE)
        return right->kind == FILTER_BYTES && place_matches(run, action, left, right->term);
    if (left->kind == FILTER_PROPERTY && is_comparable(right))
        return any_instance_matches(run, action, left, right, FALSE);
    return right->kind == FILTER_PROPERTY && is_comparable(left) &&
           any_instance_matches(run, action, right, left, TRUE);
}

static BOOL address_operand_matches(const RUN *run, BOOL source, const OPERAND *operand)
{
    return operand->kind == FILTER_ADDRESS &&
           address_matches(run->copy, source, (const ADDRESS2 *)operand->term->data);
}

static BOOL has_protocol(const COPY *copy, LONGLONG wanted)
{
    LONGLONG has = 0;
    for (DWORD layer = 0; layer < copy->layers.count; layer++)
        has |= (LONGLONG)1 << copy->layers.layer[layer].protocol;
    return (has & wanted) != 0;
}

static BOOL push(RUN *run, FILTER_KIND kind, const FILTER_TERM *term, LONGLONG number)
{
    if (run->count >= FILTER_OPERANDS)
        return FALSE;
    run->stack[run->count++] = (OPERAND){kind, term, number};
    return TRUE;
}

/* Operators with one operand, which is on the stack. */
static BOOL apply_to_one(RUN *run, const FILTER_TERM *term)
{
    OPERAND *operand = &run->stack[run->count - 1];
    BOOL truth;

    switch (term->action) {
    case FILTERACTION_NOT:
        truth = operand->number == 0;
        break;
    case FILTERACTION_PROPERTYEXIST:
        if (operand->kind != FILTER_PROPERTY)
            return FALSE;
        truth = next_instance(run, operand->term->property, NULL) != NULL;
        break;
    default: /* FILTERACTION_FROM, FILTERACTION_TO */
        truth = address_operand_matches(run, term->action == FILTERACTION_FROM, operand);
        break;
    }
    *operand = (OPERAND){FILTER_TRUTH, NULL, truth};
    return TRUE;
}

static BOOL apply_to_two(RUN *run, const FILTER_TERM *term)
{
    const OPERAND right = run->stack[--run->count];
    OPERAND *left = &run->stack[run->count - 1];
    LONGLONG truth;

    switch (term->action) {
    case FILTERACTION_PLUS:
        left->number = (LONGLONG)((ULONGLONG)left->number + (ULONGLONG)right.number);
        return TRUE;
    case FILTERACTION_MINUS:
        left->number = (LONGLONG)((ULONGLONG)left->number - (ULONGLONG)right.number);
        return TRUE;
    case FILTERACTION_AND:
        truth = left->number & right.number;
        break;
    case FILTERACTION_OR:
        truth = left->number | right.number;
        break;
    case FILTERACTION_XOR:
        truth = left->number ^ right.number;
        break;
    case FILTERACTION_FROMTO:
        truth =
            address_operand_matches(run, TRUE, left) && address_operand_matches(run, FALSE, &right);
        break;
    default:
        truth = relate(run, term->action, left, &right);
        break;
    }
    *left = (OPERAND){FILTER_TRUTH, NULL, truth};
    return TRUE;
}

/* FALSE if it does not fit what is on the stack, which cannot be unless the expert overwrote it. */
static BOOL evaluate_term(RUN *run, const FILTER_TERM *term)
{
    switch (term->action) {
    case FILTERACTION_VALUE:
    case FILTERACTION_LARGEINT:
        return push(run, FILTER_NUMBER, term, term->value);
    case FILTERACTION_PROPERTY:
        return push(run, FILTER_PROPERTY, term, 0);
    case FILTERACTION_STRING:
    case FILTERACTION_ARRAY:
        return push(run, FILTER_BYTES, term, 0);
    case FILTERACTION_DEREFPROPERTY:
        return push(run, FILTER_PLACE, term, 0);
    case FILTERACTION_BOOL:
        return push(run, FILTER_TRUTH, term, term->value);
    case FILTERACTION_PROTOCOLEXIST:
    case FILTERACTION_PROTOCOLSEXIST:
        return push(run, FILTER_TRUTH, term, has_protocol(run->copy, term->value));
    case FILTERACTION_ADDRESS:
    case FILTERACTION_ADDRESSANY:
    case FILTERACTION_ADDR_ETHER:
    case FILTERACTION_ADDR_TOKEN:
    case FILTERACTION_ADDR_FDDI:
    case FILTERACTION_ADDR_IPX:
    case FILTERACTION_ADDR_IP:
    case FILTERACTION_ADDR_VINES:
    case FILTERACTION_ADDR_IP6:
        return term->bytes >= sizeof(ADDRESS2) && push(run, FILTER_ADDRESS, term, 0);
    case FILTERACTION_PROPERTYEXIST:
        if (term->property != 0)
            return push(run, FILTER_TRUTH, term, next_instance(run, term->property, NULL) != NULL);
        return run->count >= 1 && apply_to_one(run, term);
    case FILTERACTION_NOT:
    case FILTERACTION_FROM:
    case FILTERACTION_TO:
        return run->count >= 1 && apply_to_one(run, term);
    default:
        return run->count >= 2 && apply_to_two(run, term);
    }
}

FILTER_RESULT filter_evaluate(CALLER *caller, const FILTER_BODY *body, const COPY *copy)
{
    RUN run = {.caller = caller, .copy = copy};

    caller->filtered.frame = INVALID_FRAME_NUMBER;
    for (DWORD at = 0; at < body->bytes;) {
        const FILTER_TERM *term = (const FILTER_TERM *)(body->terms + at);
        DWORD left = body->bytes - at;
        if (left < sizeof *term || term->size > left || term->size < sizeof *term + term->bytes ||
            term->size % 8 != 0 || !evaluate_term(&run, term))
            return FILTER_INVALID;
        at += term->size;
    }
    if (run.count == 0)
        return FILTER_PASSES;
    if (run.count != 1 || run.stack[0].kind != FILTER_TRUTH)
        return FILTER_INVALID;
    return run.stack[0].number != 0 ? FILTER_PASSES : FILTER_FAILS;
}

DWORD WINAPI filter_frame(HFRAME frame, HFILTER handle, HCAPTURE capture)
{
    const FILTER_BODY *body = filter_of(caller_key(), handle);
    CALLER *caller = caller_here();

    if (caller == NULL || (capture != NULL && capture != HANDLE_CAPTURE) ||
        (handle != NULL && body == NULL))
        return (DWORD)FILTER_FAIL_WITH_ERROR;
    const COPY *copy = caller_frame(caller, frame);
    if (copy == NULL)
        return (DWORD)FILTER_FAIL_WITH_ERROR;
    if (body == NULL)
        return FILTER_PASSED;
    FILTER_RESULT result = filter_evaluate(caller, body, copy);
    if (result == FILTER_INVALID)
        return (DWORD)FILTER_FAIL_WITH_ERROR;
    return result == FILTER_PASSES ? FILTER_PASSED : FILTER_FAILED;
}

/* The number itself is not looked at: the search begins behind or before it. */
DWORD WINAPI filter_find_frame(HFILTER handle, HCAPTURE capture, DWORD number, STATUSPROC report,
                               LPVOID instance, DWORD interval, BOOL forward)
{
    const FILTER_BODY *body = filter_of(caller_key(), handle);
    CALLER *caller = caller_here();
    DWORD told = GetTickCount();
    const COPY *copy;

    if (caller == NULL || capture != HANDLE_CAPTURE || body == NULL)
        return (DWORD)FILTER_NO_MORE_FRAMES;
    while ((copy = caller_next(caller, forward, number)) != NULL) {
        number = copy->info.number;
        FILTER_RESULT result = filter_evaluate(caller, body, copy);
        if (result == FILTER_PASSES)
            return number;
        if (result == FILTER_INVALID)
            break;
        if (report != NULL && interval != 0 && GetTickCount() - told >= interval) {
            if (report(number, capture, handle, instance))
                return (DWORD)FILTER_CANCELED;
            told = GetTickCount();
        }
    }
    return (DWORD)FILTER_NO_MORE_FRAMES;
}

BOOL WINAPI filter_attaches_properties(HFILTER handle)
{
    const FILTER_BODY *body = filter_of(caller_key(), handle);
    return body != NULL && body->properties;
}

/* Nothing is kept from one evaluation to the next. */
VOID WINAPI filter_flush_bits(HFILTER handle)
{
    (void)handle;
}
