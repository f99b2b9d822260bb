/*
 * frames.h - the supplied functions for frames and for the capture.
 */
#pragma once

#include "caller.h"

/* FALSE: no memory. */
BOOL frames_open(void);
void frames_close(void);

/* The filter for calls with FLAGS_DEFER_TO_UI_FILTER; NULL: all frames pass. It belongs to the key,
   which is the host's own and no expert's. */
void frames_set_ui_filter(HEXPERTKEY key, HFILTER filter);

/* What ExpertGetStartupInfo returns from now on. */
void frames_set_startup(const EXPERTSTARTUPINFO *startup);

/* An instance of the property in the frame, in memory of the host's own, for EXPERTSTARTUPINFO;
   NULL if the frame has none. */
LPPROPERTYINST frames_startup_property(DWORD frame, HPROPERTY property);

/* The space that such an instance lies in. */
const PROPERTY_SPACE *frames_startup_space(void);

DWORD WINAPI frames_expert_get_frame(HEXPERTKEY key, DWORD direction, DWORD flags, DWORD requested,
                                     HFILTER filter, LPEXPERTFRAMEDESCRIPTOR description);
DWORD WINAPI frames_expert_get_startup_info(HEXPERTKEY key, PEXPERTSTARTUPINFO startup);

LPSYSTEMTIME WINAPI frames_capture_time_stamp(HCAPTURE capture);
DWORD WINAPI frames_capture_mac_type(HCAPTURE capture);
DWORD WINAPI frames_capture_total(HCAPTURE capture);
LPSTR WINAPI frames_capture_comment(HCAPTURE capture);
LPPROTOCOLTABLE WINAPI frames_enabled_protocols(HCAPTURE capture);

HFRAME WINAPI frames_get(HCAPTURE capture, DWORD number);
ULPFRAME WINAPI frames_from_handle(HFRAME frame);
HCAPTURE WINAPI frames_capture_handle(HFRAME frame);
DWORD WINAPI frames_number(HFRAME frame);
__int64 WINAPI frames_time_stamp(HFRAME frame);
DWORD WINAPI frames_length(HFRAME frame);
DWORD WINAPI frames_stored_length(HFRAME frame);
DWORD WINAPI frames_mac_type(HFRAME frame);
DWORD WINAPI frames_mac_header_length(HFRAME frame);
LPRECOGNIZEDATATABLE WINAPI frames_recognize_data(HFRAME frame);
ULPBYTE WINAPI frames_lock(HFRAME frame);
HFRAME WINAPI frames_find_next(HFRAME current, LPSTR protocol, LPADDRESS2 destination,
                               LPADDRESS2 source, LPWORD offset, DWORD original, DWORD highest);
HFRAME WINAPI frames_find_previous(HFRAME current, LPSTR protocol, LPADDRESS2 destination,
                                   LPADDRESS2 source, LPWORD offset, DWORD original, DWORD lowest);
