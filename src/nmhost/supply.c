#include "supply.h"

#include <string.h>

#include "address.h"
#include "ber.h"
#include "caller.h"
#include "events.h"
#include "filter.h"
#include "filter_text.h"
#include "formatter.h"
#include "frames.h"
#include "handle.h"
#include "helpers.h"
#include "ipv6.h"
#include "queries.h"
#include "say.h"
#include "status.h"

/* The host's own, for the user's filter: no expert can have it, whose keys count up from 1. */
#define UI_KEY ((HEXPERTKEY)(ULONG_PTR)0x7FFF4D4E)

static const LIBRARY *library;
static BOOL opened; /* the capture, by supply_open */

static DWORD WINAPI expert_indicate_status(HEXPERTKEY key, EXPERTSTATUSENUMERATION status,
                                           DWORD detail, const char *text, LONG percent)
{
    (void)detail;
    status_set(key, status, text, percent);
    return NMERR_SUCCESS;
}

static DWORD WINAPI expert_submit_event(HEXPERTKEY key, PNMEVENTDATA event)
{
    return event != NULL ? events_add(key, event) : NMERR_INVALID_PARAMETER;
}

/* Always "": no file's own comment is read. */
static DWORD WINAPI capture_comment_from_filename(LPSTR file, LPSTR comment, DWORD size)
{
    if (file == NULL || comment == NULL || size == 0)
        return NMERR_INVALID_PARAMETER;
    if (GetFileAttributesA(file) == INVALID_FILE_ATTRIBUTES)
        return NMERR_FILE_NOT_FOUND;
    comment[0] = '\0';
    return NMERR_SUCCESS;
}

/* The middle part is there to be compiled: it is an error unless the function has the prototype
   that netmon.h gives the name. On x86 a wrong one would unbalance the expert's stack. */
#define SUPPLY(name, function)                                                                     \
    {                                                                                              \
#name,                                                                                     \
            sizeof(TRUE ? (function) : (name)) != 0 ? (FARPROC)(LIBRARY_FUNCTION)(function) : NULL \
    }

/* Neither in a header nor documented; a DLL that does not know the name is none the worse. */
#define SUPPLY_UNDECLARED(name, function)                                                          \
    {                                                                                              \
#name, (FARPROC)(LIBRARY_FUNCTION)(function)                                               \
    }

static const SUPPLY_FUNCTION functions[] = {
    SUPPLY(AddressToString, address_to_string),
    SUPPLY(AddressTypeToMacType, address_mac_type_of_type),
    SUPPLY(AdjustSystemTime, helpers_adjust_time),
    SUPPLY(AttachPropertyInstance, queries_attach),
    SUPPLY(AttachPropertyInstanceEx, queries_attach_ex),
    SUPPLY(BERGetHeader, ber_get_header),
    SUPPLY(BERGetInteger, ber_get_integer),
    SUPPLY(BERGetString, ber_get_string),
    SUPPLY(ByteToBinary, helpers_byte_to_binary),
    SUPPLY(CCHeapAlloc, helpers_heap_alloc),
    SUPPLY(CCHeapFree, helpers_heap_free),
    SUPPLY(CCHeapReAlloc, helpers_heap_realloc),
    SUPPLY(CCHeapSize, helpers_heap_size),
    SUPPLY(CanonHex, helpers_canon_hex),
    SUPPLY(CanonicalizeHexString, helpers_canonicalize_hex),
    SUPPLY(CompareAddresses, address_order),
    SUPPLY(CompareFrameDestAddress, address_compare_frame_dest),
    SUPPLY(CompareFrameSourceAddress, address_compare_frame_source),
    SUPPLY(CreateFilter, filter_create),
    SUPPLY(DestroyFilter, filter_destroy),
    SUPPLY(DwordToBinary, helpers_dword_to_binary),
    SUPPLY(ExpertGetFrame, frames_expert_get_frame),
    SUPPLY(ExpertGetStartupInfo, frames_expert_get_startup_info),
    SUPPLY(ExpertIndicateStatus, expert_indicate_status),
    SUPPLY(ExpertSubmitEvent, expert_submit_event),
    SUPPLY(FilterAddObject, filter_add_object),
    SUPPLY(FilterAttachesProperties, filter_attaches_properties),
    SUPPLY(FilterDuplicate, filter_duplicate),
    SUPPLY(FilterFindFrame, filter_find_frame),
    SUPPLY(FilterFlushBits, filter_flush_bits),
    SUPPLY(FilterFrame, filter_frame),
    SUPPLY(FindNextFrame, frames_find_next),
    SUPPLY(FindPreviousFrame, frames_find_previous),
    SUPPLY(FindPropertyInstance, queries_find),
    SUPPLY(FindPropertyInstanceRestart, queries_find_restart),
    SUPPLY(FormatByteFlags, formatter_byte_flags),
    SUPPLY(FormatDwordFlags, formatter_dword_flags),
    SUPPLY(FormatLabeledByteSet, formatter_byte_set),
    SUPPLY(FormatLabeledByteSetAsFlags, formatter_byte_set_as_flags),
    SUPPLY(FormatLabeledDwordSet, formatter_dword_set),
    SUPPLY(FormatLabeledDwordSetAsFlags, formatter_dword_set_as_flags),
    SUPPLY(FormatLabeledWordSet, formatter_word_set),
    SUPPLY(FormatLabeledWordSetAsFlags, formatter_word_set_as_flags),
    SUPPLY(FormatPropertyDataAsByte, formatter_as_byte),
    SUPPLY(FormatPropertyDataAsDword, formatter_as_dword),
    SUPPLY(FormatPropertyDataAsHexString, formatter_as_hex_string),
    SUPPLY(FormatPropertyDataAsInt64, formatter_as_int64),
    SUPPLY(FormatPropertyDataAsString, formatter_as_string),
    SUPPLY(FormatPropertyDataAsTime, formatter_as_time),
    SUPPLY(FormatPropertyDataAsWord, formatter_as_word),
    SUPPLY(FormatPropertyInstance, formatter_instance),
    SUPPLY(FormatTimeAsString, formatter_time),
    SUPPLY(FormatWordFlags, formatter_word_flags),
    SUPPLY(GetCCInstPtr, helpers_get_instance),
    SUPPLY(GetCaptureComment, frames_capture_comment),
    SUPPLY(GetCaptureCommentFromFilename, capture_comment_from_filename),
    SUPPLY(GetCaptureMacType, frames_capture_mac_type),
    SUPPLY(GetCaptureTimeStamp, frames_capture_time_stamp),
    SUPPLY(GetCaptureTotalFrames, frames_capture_total),
    SUPPLY(GetEnabledProtocols, frames_enabled_protocols),
    SUPPLY(GetEtype, helpers_etype),
    SUPPLY(GetFrame, frames_get),
    SUPPLY(GetFrameCaptureHandle, frames_capture_handle),
    SUPPLY(GetFrameDestAddress, address_get_frame_dest),
    SUPPLY(GetFrameDstAddressOffset, address_dest_offset),
    SUPPLY(GetFrameFromFrameHandle, frames_from_handle),
    SUPPLY(GetFrameLength, frames_length),
    SUPPLY(GetFrameMacHeaderLength, frames_mac_header_length),
    SUPPLY(GetFrameMacType, frames_mac_type),
    SUPPLY(GetFrameNumber, frames_number),
    SUPPLY(GetFrameRecognizeData, frames_recognize_data),
    SUPPLY(GetFrameSourceAddress, address_get_frame_source),
    SUPPLY(GetFrameSrcAddressOffset, address_source_offset),
    SUPPLY(GetFrameStoredLength, frames_stored_length),
    SUPPLY(GetFrameTimeStamp, frames_time_stamp),
    SUPPLY(GetLLCHeaderLength, helpers_llc_header_length),
    SUPPLY(GetMacHeaderLength, helpers_mac_header_length),
    SUPPLY(GetPreviousProtocolOffsetByName, queries_previous_offset),
    SUPPLY(GetProperty, queries_property),
    SUPPLY(GetPropertyInfo, queries_property_info),
    SUPPLY(GetPropertyText, formatter_property_text),
    SUPPLY(GetProtocolDescription, queries_protocol_description),
    SUPPLY(GetProtocolDescriptionTable, queries_protocol_descriptions),
    SUPPLY(GetProtocolFromName, queries_protocol_from_name),
    SUPPLY(GetProtocolInfo, queries_protocol_info),
    SUPPLY(GetProtocolStartOffset, queries_start_offset),
    SUPPLY(GetProtocolStartOffsetHandle, queries_start_offset_handle),
    SUPPLY(GetSaps, helpers_saps),
    SUPPLY(IsLLCPresent, helpers_llc_present),
    SUPPLY(LookupByteSetString, helpers_lookup_byte),
    SUPPLY(LookupDwordSetString, helpers_lookup_dword),
    SUPPLY(LookupWordSetString, helpers_lookup_word),
    SUPPLY(MacTypeToAddressType, address_type_of_mac_type),
    SUPPLY(NMRtlIpv6AddressToStringA, ipv6_to_text),
    SUPPLY(NMRtlIpv6AddressToStringW, ipv6_to_text_wide),
    SUPPLY(NMRtlIpv6StringToAddressA, ipv6_from_text),
    SUPPLY(NMRtlIpv6StringToAddressW, ipv6_from_text_wide),
    SUPPLY(ParserTemporaryLockFrame, frames_lock),
    SUPPLY(ResetPropertyInstanceLength, queries_reset_length),
    SUPPLY(SetCCInstPtr, helpers_set_instance),
    SUPPLY(StringToAddress, address_from_string),
    SUPPLY(VarLenSmallIntToDword, helpers_small_int),
    SUPPLY(WordToBinary, helpers_word_to_binary),
    SUPPLY_UNDECLARED(DecodeSNMPObjectIdentifier, ber_decode_identifier),
    SUPPLY_UNDECLARED(HelperFormatUnicodeString, ber_format_unicode),
};

enum { FUNCTIONS = sizeof functions / sizeof *functions, UNDECLARED = 2 /* the last ones */ };

const SUPPLY_FUNCTION *supply_function(DWORD number)
{
    return number < FUNCTIONS ? &functions[number] : NULL;
}

BOOL supply_open(const LIBRARY *nmapi, const char *path)
{
    char why[128];

    library = nmapi;
    opened = path != NULL;
    if (opened && !capture_open(path, why, sizeof why)) {
        say("nmhost: %s is %s\n", path, why);
        return FALSE;
    }
    if (caller_open(nmapi) && property_open() && frames_open())
        return TRUE;
    supply_close();
    return FALSE;
}

void supply_close(void)
{
    if (library != NULL)
        (void)supply_ui_filter(NULL, NULL);
    filter_forget_others(NULL);
    frames_close();
    property_close();
    caller_close();
    if (opened)
        capture_close();
    opened = FALSE;
}

BOOL supply_begin(void)
{
    BOOL known = TRUE;

    for (DWORD number = 0; number < FUNCTIONS; number++) {
        if (library->set_function(functions[number].name, functions[number].function) ==
                NMERR_SUCCESS ||
            number >= FUNCTIONS - UNDECLARED)
            continue;
        say("nmhost: Nmapi.dll does not know %s\n", functions[number].name);
        known = FALSE;
    }
    return known;
}

void supply_end(void)
{
    for (DWORD number = 0; number < FUNCTIONS; number++)
        (void)library->set_function(functions[number].name, NULL);
    filter_forget_others(UI_KEY);
    helpers_forget_instance();
    caller_sweep();
}

HCAPTURE supply_capture(void)
{
    return HANDLE_CAPTURE;
}

void supply_thread(HEXPERTKEY key)
{
    caller_set_key(key);
}

void supply_tell_startup(const EXPERTSTARTUPINFO *startup)
{
    frames_set_startup(startup);
}

/* By its name; 0: there is none. */
static HPROPERTY property_by_name(DWORD protocol, const char *name)
{
    DWORD field = protocol_field_by_name(protocol, name);

    return field < protocol_tables[protocol]->field_count ? handle_of_property(protocol, field) : 0;
}

DWORD supply_startup(DWORD frame, const char *protocol, const char *property, int bit,
                     EXPERTSTARTUPINFO *startup)
{
    CAPTURE_FRAME info;
    DWORD index = PROTOCOLS;
    LPPROPERTYINST instance = NULL;
    ULONGLONG number;

    if (!capture_frame(frame, NULL, 0, &info))
        return NMERR_FRAME_NOT_FOUND;
    if (protocol != NULL) {
        index = protocol_by_name(protocol);
        if (index == PROTOCOLS)
            return NMERR_PROTOCOL_NOT_FOUND;
    }
    if (index != PROTOCOLS && property != NULL) {
        HPROPERTY handle = property_by_name(index, property);
        if (handle == 0)
            return NMERR_PROPERTY_NOT_FOUND;
        instance = frames_startup_property(frame, handle);
        if (instance == NULL)
            return NMERR_FRAME_FAILED_FILTER;
    }
    startup->Flags = EXPERT_STARTUP_FLAG_USE_STARTUP_DATA_OVER_CONFIG_DATA;
    startup->dwFrameNumber = frame;
    startup->hProtocol = handle_of_protocol(index);
    startup->lpPropertyInst = instance;
    startup->sBitfield.BitNumber = bit >= 0 ? (BYTE)bit : 0;
    startup->sBitfield.bOn = FALSE;
    if (bit >= 0 && bit < 64 && instance != NULL && property_number(instance, &number))
        startup->sBitfield.bOn = (number >> bit & 1) != 0;
    return NMERR_SUCCESS;
}

DWORD supply_first_frame(const char *protocol, const char *property)
{
    DWORD index = protocol_by_name(protocol), frame = capture_neighbour(CAPTURE_NO_FRAME, TRUE);
    HPROPERTY handle = index != PROTOCOLS ? property_by_name(index, property) : 0;
    CAPTURE_FRAME info;

    for (DWORD count = 0; handle != 0 && count < SUPPLY_SEARCHED; count++, frame++) {
        if (!capture_frame(frame, NULL, 0, &info))
            break;
        if (frames_startup_property(frame, handle) != NULL)
            return frame;
    }
    return CAPTURE_NO_FRAME;
}

DWORD supply_ui_filter(const char *expression, DWORD *at)
{
    static HFILTER filter;
    DWORD error = NMERR_SUCCESS;
    HEXPERTKEY key = caller_key();

    frames_set_ui_filter(NULL, NULL);
    caller_set_key(UI_KEY);
    if (filter != NULL) {
        (void)filter_destroy(filter);
        (void)library->close_expert(UI_KEY, NULL);
        filter = NULL;
    }
    if (expression != NULL) {
        (void)library->open_expert(UI_KEY, NULL);
        error = filter_text_read(expression, &filter, at);
        if (error == NMERR_SUCCESS)
            frames_set_ui_filter(UI_KEY, filter);
        else
            (void)library->close_expert(UI_KEY, NULL);
    }
    caller_set_key(key);
    return error;
}
