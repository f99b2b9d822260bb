#include "property.h"

#include <stddef.h>
#include <string.h>

#include "handle.h"

enum { NAME_CHARS = 256, NAME_JUMPS = 16 };

/* What one allocation has, behind the others the PROPERTYINFOs themselves. */
typedef struct DATABASE {
    PROTOCOLINFO protocols[PROTOCOLS];
    LABELED_WORD labels[PROTOCOLS];
    union {
        PROTOCOLTABLE table;
        BYTE room[sizeof(PROTOCOLTABLE) + PROTOCOLS * sizeof(HPROTOCOL)];
    };
    LPPROPERTYINFO infos[PROTOCOLS]; /* each protocol's first */
    ULONGLONG rest[];
} DATABASE;

static DATABASE *database;

/*
 * Descriptions
 */

static SIZE_T round_up(SIZE_T bytes)
{
    return (bytes + 15) & ~(SIZE_T)15;
}

/* The longest text that text.c makes of it. */
static WORD text_size(const FIELD *field)
{
    SIZE_T size = strlen(field->label) + 96;
    if (field->qualifier == PROP_QUAL_FLAGS)
        size += field->set->nEntries * (SIZE_T)96;
    return (WORD)(field->type == PROP_TYPE_STRING ? size + 256 : size);
}

static void describe_property(PROPERTYINFO *info, DWORD protocol, DWORD number)
{
    const FIELD *field = &protocol_tables[protocol]->fields[number];

    info->hProperty = handle_of_property(protocol, number);
    info->Label = (LPSTR)(ULONG_PTR)field->label;
    info->Comment = (LPSTR)(ULONG_PTR)(field->comment != NULL ? field->comment : field->label);
    info->DataType = field->type;
    info->DataQualifier = field->qualifier;
    info->lpSet = (LPSET)(ULONG_PTR)field->set;
    info->FormatStringSize = text_size(field);
}

/* Those of the table: more than its declaration has. */
static HPROTOCOL *protocol_handles(void)
{
    return (HPROTOCOL *)(database->room + offsetof(PROTOCOLTABLE, hProtocol));
}

static BYTE *describe_protocol(DWORD protocol, BYTE *room)
{
    const PROTOCOL *table = protocol_tables[protocol];
    PROTOCOLINFO *info = &database->protocols[protocol];
    PROPERTYDATABASE *properties = (PROPERTYDATABASE *)room;
    PROPERTYINFO *infos =
        (PROPERTYINFO *)(room + round_up(sizeof *properties +
                                         table->field_count * sizeof(LPPROPERTYINFO)));

    info->ProtocolID = protocol + 1;
    info->PropertyDatabase = properties;
    lstrcpynA((char *)info->ProtocolName, table->name, sizeof info->ProtocolName);
    lstrcpynA((char *)info->Comment, table->comment, sizeof info->Comment);
    database->labels[protocol].Value = (WORD)(protocol + 1);
    database->labels[protocol].Label = (LPSTR)(ULONG_PTR)table->name;
    protocol_handles()[protocol] = handle_of_protocol(protocol);
    database->infos[protocol] = infos;
    properties->nProperties = table->field_count;
    for (DWORD number = 0; number < table->field_count; number++) {
        properties->PropertyInfo[number] = &infos[number];
        describe_property(&infos[number], protocol, number);
    }
    return (BYTE *)infos + round_up(table->field_count * sizeof *infos);
}

BOOL property_open(void)
{
    SIZE_T bytes = round_up(sizeof *database);
    DWORD access;

    for (DWORD protocol = 0; protocol < PROTOCOLS; protocol++) {
        SIZE_T count = protocol_tables[protocol]->field_count;
        bytes += round_up(sizeof(PROPERTYDATABASE) + count * sizeof(LPPROPERTYINFO)) +
                 round_up(count * sizeof(PROPERTYINFO));
    }
    database = VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (database == NULL)
        return FALSE;
    BYTE *room = (BYTE *)database + round_up(sizeof *database);
    for (DWORD protocol = 0; protocol < PROTOCOLS; protocol++)
        room = describe_protocol(protocol, room);
    database->table.nProtocols = PROTOCOLS;
    return VirtualProtect(database, bytes, PAGE_READONLY, &access);
}

void property_close(void)
{
    if (database != NULL)
        VirtualFree(database, 0, MEM_RELEASE);
    database = NULL;
}

LPPROPERTYINFO property_info(HPROPERTY handle)
{
    DWORD protocol, field;
    return handle_to_property(handle, &protocol, &field) ? database->infos[protocol] + field : NULL;
}

LPPROTOCOLINFO property_protocol_info(HPROTOCOL handle)
{
    DWORD protocol = handle_to_protocol(handle);
    return protocol < PROTOCOLS ? &database->protocols[protocol] : NULL;
}

LPPROTOCOLTABLE property_protocols(void)
{
    return &database->table;
}

LPLABELED_WORD property_protocol_labels(void)
{
    return database->labels;
}

/*
 * Instances
 */

static void begin(PROPERTY_SPACE *space, DWORD frame)
{
    PROPERTYTABLE *table = &space->table;

    space->frame = frame;
    space->extra_used = 0;
    space->text_used = 0;
    memset(table, 0, sizeof *table);
    table->lpFormatBuffer = space->text;
    table->FormatBufferLength = sizeof space->text;
    table->lpFirstPropertyInst = space->instances;
}

static BOOL attach(PROPERTY_SPACE *space, HPROPERTY handle, const BYTE *data, DWORD bytes,
                   const void *value, DWORD value_bytes, DWORD help, DWORD level, DWORD flags)
{
    LPPROPERTYINFO info = property_info(handle);
    DWORD count = space->table.nTotalPropertyInsts;

    if (info == NULL || count >= PROPERTY_INSTANCES)
        return FALSE;
    if (bytes >= 0xFFFF)
        bytes = 0xFFFE; /* as much as a WORD counts; 0xFFFF means another thing */
    PROPERTYINST *instance = &space->instances[count];
    instance->lpPropertyInfo = info;
    instance->szPropertyText = NULL;
    instance->lpData = (LPVOID)(ULONG_PTR)data;
    instance->DataLength = (WORD)bytes;
    instance->Level = level & 15;
    instance->HelpID = help & 0xFFF;
    instance->IFlags = flags;
    if (value != NULL && value_bytes != 0) {
        /* A zero behind, for who takes text for a string. */
        SIZE_T room = round_up(offsetof(PROPERTYINSTEX, Byte) + value_bytes + sizeof(WCHAR));
        if (value_bytes > sizeof space->extra || room > sizeof space->extra - space->extra_used)
            return FALSE;
        PROPERTYINSTEX *extra = (PROPERTYINSTEX *)((BYTE *)space->extra + space->extra_used);
        BYTE *bytes_of_value = (BYTE *)extra + offsetof(PROPERTYINSTEX, Byte);
        extra->Length = (WORD)bytes;
        extra->LengthEx = (WORD)value_bytes;
        extra->lpData = (LPVOID)(ULONG_PTR)data;
        memcpy(bytes_of_value, value, value_bytes);
        memset(bytes_of_value + value_bytes, 0, sizeof(WCHAR));
        instance->lpPropertyInstEx = extra;
        instance->DataLength = (WORD)-1;
        space->extra_used += (DWORD)room;
    }
    space->table.nTotalPropertyInsts = count + 1;
    return TRUE;
}

/* Where one row's data is: from `at`, `bytes` of it. */
typedef struct PLACE {
    DWORD at;
    DWORD bytes;
    DWORD text_bytes; /* of its value, for a domain name */
    char text[NAME_CHARS];
} PLACE;

/* Reads a domain name. Its end is behind the first jump. */
static void read_name(const BYTE *data, const LAYER *layer, DWORD at, PLACE *place)
{
    DWORD end = 0, used = 0;
    int jumps = 0;

    place->at = at;
    while (at < layer->end && data[at] != 0) {
        DWORD length = data[at];
        if (length >= 0xC0) {
            if (at + 2 > layer->end || ++jumps > NAME_JUMPS)
                break;
            if (end == 0)
                end = at + 2;
            at = layer->offset + (protocol_word(data + at) & 0x3FFFu);
            continue;
        }
        if (length > 63 || at + 1 + length > layer->end || used + length + 2 > NAME_CHARS)
            break;
        if (used > 0)
            place->text[used++] = '.';
        memcpy(place->text + used, data + at + 1, length);
        used += length;
        at += 1 + length;
    }
    if (end == 0)
        end = at < layer->end ? at + 1 : at;
    place->bytes = end - place->at;
    place->text_bytes = used;
}

/* Word `number` of the first line. */
static BOOL read_word_of_line(const BYTE *data, const LAYER *layer, DWORD number, PLACE *place)
{
    DWORD at = layer->offset, end = layer->body;

    while (end > at && (data[end - 1] == '\n' || data[end - 1] == '\r'))
        end--;
    for (; number > 0; number--) {
        while (at < end && data[at] != ' ')
            at++;
        while (at < end && data[at] == ' ')
            at++;
        if (number == 1 && at >= end)
            return FALSE;
    }
    place->at = at;
    place->bytes = end - at;
    return at < end;
}

/* Whether the row has data in this layer, and where; not for options. */
static BOOL find_place(const FIELD *field, const BYTE *data, const LAYER *layer, PLACE *place)
{
    DWORD left_of = field->place == IN_BODY ? layer->end : layer->body;

    place->text_bytes = 0;
    switch (field->place) {
    case IN_NAME:
        read_name(data, layer, (DWORD)layer->offset + field->at, place);
        return place->bytes != 0;
    case BEHIND_NAME:
        read_name(data, layer, layer->body, place);
        place->at += place->bytes + field->at;
        place->text_bytes = 0;
        break;
    case IN_LINE: {
        DWORD words = field->at;
        if (!read_word_of_line(data, layer, words, place))
            return FALSE;
        /* The first two end at a blank, the third at the line's end. */
        for (DWORD byte = 0; words < 2 && byte < place->bytes; byte++) {
            if (data[place->at + byte] == ' ')
                place->bytes = byte;
        }
        return TRUE;
    }
    default:
        place->at = (field->place == IN_BODY ? layer->body : layer->offset) + field->at;
        break;
    }
    place->bytes = field->bytes;
    if (field->type == PROP_TYPE_SUMMARY)
        left_of = layer->end;
    if (place->bytes == 0 && place->at < left_of)
        place->bytes = left_of - place->at;
    return place->bytes != 0 && place->at <= layer->end && place->bytes <= layer->end - place->at;
}

static DWORD read_number(const BYTE *at, DWORD bytes, BOOL little)
{
    DWORD number = 0;
    for (DWORD byte = 0; byte < bytes; byte++)
        number = number << 8 | at[little ? bytes - 1 - byte : byte];
    return number;
}

static void attach_field(PROPERTY_SPACE *space, const LAYER *layer, DWORD number, const BYTE *data,
                         const PLACE *place)
{
    const FIELD *field = &protocol_tables[layer->protocol]->fields[number];
    const BYTE *at = data + place->at;
    const void *value = NULL;
    DWORD value_bytes = 0, masked = 0, flags = 0;
    DWORD level = field->type == PROP_TYPE_SUMMARY ? 0u : 1u + field->deeper;

    if (place->text_bytes != 0) {
        value = place->text;
        value_bytes = place->text_bytes;
    } else if (field->mask != 0) {
        masked = (read_number(at, place->bytes, field->little) & field->mask) >> field->shift;
        if (field->scale != 0)
            masked *= field->scale;
        value = &masked;
        value_bytes = field->type == PROP_TYPE_BYTE ? 1 : field->type == PROP_TYPE_WORD ? 2 : 4;
    } else if ((field->type == PROP_TYPE_WORD || field->type == PROP_TYPE_DWORD) &&
               !field->little) {
        flags = IFLAG_SWAPPED;
    }
    attach(space, handle_of_property(layer->protocol, number), at, place->bytes, value, value_bytes,
           0, level, flags);
}

/* Row for row within each option, as they lie in the frame. */
static void attach_options(PROPERTY_SPACE *space, const BYTE *data, const LAYER *layer)
{
    const PROTOCOL *table = protocol_tables[layer->protocol];
    OPTION option;
    PLACE place;

    place.text_bytes = 0;
    for (BOOL more = protocol_next_option(data, layer, TRUE, &option); more;
         more = protocol_next_option(data, layer, FALSE, &option)) {
        for (DWORD number = 0; number < table->field_count; number++) {
            const FIELD *field = &table->fields[number];
            if (field->place != IN_OPTION || field->option != option.kind ||
                field->at >= option.bytes || field->bytes > option.bytes - field->at)
                continue;
            place.at = option.offset + field->at;
            place.bytes = field->bytes != 0 ? field->bytes : option.bytes - field->at;
            attach_field(space, layer, number, data, &place);
        }
    }
}

static void attach_layer(PROPERTY_SPACE *space, const BYTE *data, const LAYER *layer)
{
    const PROTOCOL *table = protocol_tables[layer->protocol];
    BOOL options = FALSE;
    PLACE place;

    for (DWORD number = 0; number < table->field_count; number++) {
        const FIELD *field = &table->fields[number];
        if (field->place == IN_OPTION) {
            if (!options)
                attach_options(space, data, layer);
            options = TRUE;
        } else if (protocol_when(&field->when, data, layer) &&
                   find_place(field, data, layer, &place)) {
            attach_field(space, layer, number, data, &place);
        }
    }
}

static PROPERTYINSTTABLE *tables_of(PROPERTY_SPACE *space)
{
    return (PROPERTYINSTTABLE *)(space->room + offsetof(PROPERTYTABLE, PropertyInstTable));
}

BOOL property_add(PROPERTY_SPACE *space, HPROPERTY handle, const BYTE *data, DWORD bytes,
                  const void *value, DWORD value_bytes, DWORD help, DWORD level, DWORD flags)
{
    PROPERTYINSTTABLE *table = tables_of(space) + space->layers;

    if (!attach(space, handle, data, bytes, value, value_bytes, help, level, flags))
        return FALSE;
    if (space->table.nPropertyInstTables == space->layers) {
        space->table.nPropertyInstTables++;
        table->nPropertyInstIndex = (WORD)(space->table.nTotalPropertyInsts - 1);
        table->nPropertyInsts = 0;
    }
    table->nPropertyInsts++;
    return TRUE;
}

void property_attach_all(PROPERTY_SPACE *space, DWORD frame, const BYTE *data, const LAYERS *layers)
{
    PROPERTYINSTTABLE *tables = tables_of(space);

    begin(space, frame);
    for (DWORD layer = 0; layer < layers->count; layer++) {
        DWORD first = space->table.nTotalPropertyInsts;
        attach_layer(space, data, &layers->layer[layer]);
        tables[layer].nPropertyInstIndex = (WORD)first;
        tables[layer].nPropertyInsts = (WORD)(space->table.nTotalPropertyInsts - first);
    }
    space->table.nPropertyInstTables = (BYTE)layers->count;
    space->layers = layers->count;
}

LPPROPERTYINST property_find(PROPERTY_SPACE *space, HPROPERTY handle, LPPROPERTYINST last,
                             BOOL forward)
{
    LPPROPERTYINFO info = property_info(handle);
    DWORD count = space->table.nTotalPropertyInsts;
    DWORD number = forward ? 0 : count - 1;

    if (info == NULL || space->frame == INVALID_FRAME_NUMBER)
        return NULL;
    if (last != NULL) {
        ULONG_PTR offset = (ULONG_PTR)last - (ULONG_PTR)space->instances;
        if (offset % sizeof *last != 0 || offset / sizeof *last >= count)
            return NULL;
        number = (DWORD)(offset / sizeof *last) + (forward ? 1u : (DWORD)-1);
    }
    for (; number < count; number += forward ? 1u : (DWORD)-1) {
        if (space->instances[number].lpPropertyInfo == info)
            return &space->instances[number];
    }
    return NULL;
}

const BYTE *property_data(const PROPERTYINST *instance, DWORD *bytes)
{
    if (instance->DataLength != (WORD)-1) {
        *bytes = instance->DataLength;
        return instance->lpByte;
    }
    *bytes = instance->lpPropertyInstEx->LengthEx;
    return (const BYTE *)instance->lpPropertyInstEx + offsetof(PROPERTYINSTEX, Byte);
}

BOOL property_number(const PROPERTYINST *instance, ULONGLONG *number)
{
    BYTE type = instance->lpPropertyInfo->DataType;
    BOOL swapped = (instance->IFlags & IFLAG_SWAPPED) != 0;
    DWORD bytes, wanted;
    const BYTE *data = property_data(instance, &bytes);

    switch (type) {
    case PROP_TYPE_BYTE:
        wanted = 1;
        break;
    case PROP_TYPE_WORD:
    case PROP_TYPE_BYTESWAPPED_WORD:
        wanted = 2;
        break;
    case PROP_TYPE_DWORD:
    case PROP_TYPE_BYTESWAPPED_DWORD:
        wanted = 4;
        break;
    case PROP_TYPE_LARGEINT:
        wanted = 8;
        break;
    case PROP_TYPE_VAR_LEN_SMALL_INT:
        wanted = bytes <= 8 ? bytes : 8;
        break;
    default:
        return FALSE;
    }
    if (bytes < wanted)
        return FALSE;
    if (type == PROP_TYPE_BYTESWAPPED_WORD || type == PROP_TYPE_BYTESWAPPED_DWORD)
        swapped = !swapped;
    *number = 0;
    for (DWORD byte = 0; byte < wanted; byte++)
        *number = *number << 8 | data[swapped ? byte : wanted - 1 - byte];
    return TRUE;
}
