#include "queries.h"

#include "handle.h"

LPPROTOCOLINFO WINAPI queries_protocol_info(HPROTOCOL protocol)
{
    return property_protocol_info(protocol);
}

HPROTOCOL WINAPI queries_protocol_from_name(LPSTR name)
{
    return handle_of_protocol(protocol_by_name(name));
}

static DWORD start_of(HFRAME frame, DWORD protocol)
{
    COPY *copy = protocol < PROTOCOLS ? caller_copy(frame) : NULL;
    const LAYER *layer = copy != NULL ? protocol_find(&copy->layers, protocol) : NULL;
    return layer != NULL ? layer->offset : (DWORD)-1;
}

DWORD WINAPI queries_start_offset(HFRAME frame, LPSTR name)
{
    return start_of(frame, protocol_by_name(name));
}

DWORD WINAPI queries_start_offset_handle(HFRAME frame, HPROTOCOL protocol)
{
    return start_of(frame, handle_to_protocol(protocol));
}

/* The last one that starts before the offset. */
DWORD WINAPI queries_previous_offset(HFRAME frame, DWORD start, LPSTR name, DWORD *previous)
{
    DWORD protocol = protocol_by_name(name);
    COPY *copy = protocol < PROTOCOLS ? caller_copy(frame) : NULL;

    for (DWORD layer = copy != NULL ? copy->layers.count : 0; layer-- > 0;) {
        if (copy->layers.layer[layer].protocol != protocol ||
            copy->layers.layer[layer].offset >= start)
            continue;
        if (previous != NULL)
            *previous = copy->layers.layer[layer].offset;
        return NMERR_SUCCESS;
    }
    return NMERR_PROTOCOL_NOT_FOUND;
}

LPLABELED_WORD WINAPI queries_protocol_description(DWORD id)
{
    return id - 1 < PROTOCOLS ? property_protocol_labels() + (id - 1) : NULL;
}

LPLABELED_WORD WINAPI queries_protocol_descriptions(LPDWORD count)
{
    if (count != NULL)
        *count = PROTOCOLS;
    return property_protocol_labels();
}

HPROPERTY WINAPI queries_property(HPROTOCOL protocol, LPSTR label)
{
    DWORD index = handle_to_protocol(protocol);

    if (index == PROTOCOLS)
        return 0;
    DWORD field = protocol_field_by_name(index, label);
    return field < protocol_tables[index]->field_count ? handle_of_property(index, field) : 0;
}

LPPROPERTYINFO WINAPI queries_property_info(HPROPERTY property)
{
    return property_info(property);
}

static PROPERTY_SPACE *space_of(HFRAME frame)
{
    CALLER *caller = caller_here();
    return caller != NULL ? caller_properties(caller, frame) : NULL;
}

BOOL WINAPI queries_attach(HFRAME frame, HPROPERTY property, DWORD bytes, ULPVOID data, DWORD help,
                           DWORD level, DWORD flags)
{
    return queries_attach_ex(frame, property, bytes, data, 0, NULL, help, level, flags);
}

BOOL WINAPI queries_attach_ex(HFRAME frame, HPROPERTY property, DWORD bytes, ULPVOID data,
                              DWORD value_bytes, ULPVOID value, DWORD help, DWORD level,
                              DWORD flags)
{
    PROPERTY_SPACE *space = space_of(frame);
    return space != NULL && property_add(space, property, (const BYTE *)data, bytes,
                                         (const void *)value, value_bytes, help, level, flags);
}

LPPROPERTYINST WINAPI queries_find(HFRAME frame, HPROPERTY property)
{
    PROPERTY_SPACE *space = space_of(frame);
    return space != NULL ? property_find(space, property, NULL, TRUE) : NULL;
}

/* The key becomes what was found, so that a loop may go on with it. */
LPPROPERTYINST WINAPI queries_find_restart(HFRAME frame, HPROPERTY property,
                                           LPPROPERTYINST *restart, BOOL forward)
{
    PROPERTY_SPACE *space = space_of(frame);

    if (space == NULL)
        return NULL;
    LPPROPERTYINST found =
        property_find(space, property, restart != NULL ? *restart : NULL, forward);
    if (restart != NULL)
        *restart = found;
    return found;
}

DWORD WINAPI queries_reset_length(LPPROPERTYINST instance, WORD before, WORD after)
{
    if (instance == NULL || after == (WORD)-1)
        return NMERR_INVALID_PARAMETER;
    WORD *length = NULL;
    if (instance->DataLength != (WORD)-1)
        length = &instance->DataLength;
    else if (instance->lpPropertyInstEx != NULL)
        length = &instance->lpPropertyInstEx->Length;
    if (length == NULL || *length != before)
        return NMERR_INVALID_PARAMETER;
    *length = after;
    return NMERR_SUCCESS;
}
