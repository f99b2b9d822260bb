/*
 * documented.c - each of the 80 documented functions called with arguments of the types that its
 * page names, its result taken as the page's type; also compiled as C++.
 *
 *   CALLn(result, function, the n parameters' types), VOIDn the same without a result
 */
#include <netmon.h>

#define CALL0(r, f)                                                                                \
    r call_##f(void);                                                                              \
    r call_##f(void)                                                                               \
    {                                                                                              \
        return f();                                                                                \
    }
#define CALL(r, f, parameters, arguments)                                                          \
    r call_##f parameters;                                                                         \
    r call_##f parameters                                                                          \
    {                                                                                              \
        return f arguments;                                                                        \
    }
#define VOID1(f, A)                                                                                \
    void call_##f(A a);                                                                            \
    void call_##f(A a)                                                                             \
    {                                                                                              \
        f(a);                                                                                      \
    }
#define CALL1(r, f, A) CALL(r, f, (A a), (a))
#define CALL2(r, f, A, B) CALL(r, f, (A a, B b), (a, b))
#define CALL3(r, f, A, B, C) CALL(r, f, (A a, B b, C c), (a, b, c))
#define CALL4(r, f, A, B, C, D) CALL(r, f, (A a, B b, C c, D d), (a, b, c, d))
#define CALL5(r, f, A, B, C, D, E) CALL(r, f, (A a, B b, C c, D d, E e), (a, b, c, d, e))
#define CALL6(r, f, A, B, C, D, E, G) CALL(r, f, (A a, B b, C c, D d, E e, G g), (a, b, c, d, e, g))
#define CALL7(r, f, A, B, C, D, E, G, H)                                                           \
    CALL(r, f, (A a, B b, C c, D d, E e, G g, H h), (a, b, c, d, e, g, h))
#define CALL9(r, f, A, B, C, D, E, G, H, I, J)                                                     \
    CALL(r, f, (A a, B b, C c, D d, E e, G g, H h, I i, J j), (a, b, c, d, e, g, h, i, j))

/* clang-format off */
CALL2(LPSTR, AddressToString, LPSTR, BYTE *)
CALL7(BOOL, AttachPropertyInstance, HFRAME, HPROPERTY, DWORD, ULPVOID, DWORD, DWORD, DWORD)
CALL9(BOOL, AttachPropertyInstanceEx, HFRAME, HPROPERTY, DWORD, ULPVOID, DWORD, ULPVOID, DWORD,
      DWORD, DWORD)
CALL5(BOOL, BERGetHeader, LPBYTE, LPBYTE, LPDWORD, LPDWORD, LPBYTE *)
CALL5(BOOL, BERGetInteger, LPBYTE, LPBYTE *, LPDWORD, LPDWORD, LPBYTE *)
CALL5(BOOL, BERGetString, LPBYTE, LPBYTE *, LPDWORD, LPDWORD, LPBYTE *)
CALL2(LPSTR, BuildINIPath, char *, char *)
CALL2(LPVOID, CCHeapAlloc, DWORD, BOOL)
CALL1(BOOL, CCHeapFree, LPVOID)
CALL3(LPVOID, CCHeapReAlloc, LPVOID, DWORD, BOOL)
CALL1(SIZE_T, CCHeapSize, LPVOID)
CALL2(int, CompareAddresses, LPADDRESS, LPADDRESS)
CALL2(BOOL, CompareFrameDestAddress, HFRAME, LPADDRESS)
CALL2(BOOL, CompareFrameSourceAddress, HFRAME, LPADDRESS)
CALL5(DWORD, CreateHandoffTable, LPSTR, LPSTR, LPHANDOFFTABLE *, DWORD, DWORD)
CALL2(DWORD, CreatePropertyDatabase, HPROTOCOL, DWORD)
CALL3(HPROTOCOL, CreateProtocol, LPSTR, LPENTRYPOINTS, DWORD)
VOID1(DestroyHandoffTable, LPHANDOFFTABLE)
CALL1(DWORD, DestroyPropertyDatabase, HPROTOCOL)
VOID1(DestroyProtocol, HPROTOCOL)
CALL3(LPVOID, ExpertAllocMemory, HEXPERTKEY, SIZE_T, LPDWORD)
CALL2(SIZE_T, ExpertFreeMemory, HEXPERTKEY, LPVOID)
CALL6(DWORD, ExpertGetFrame, HEXPERTKEY, DWORD, DWORD, DWORD, HFILTER, LPEXPERTFRAMEDESCRIPTOR)
CALL2(DWORD, ExpertGetStartupInfo, HEXPERTKEY, PEXPERTSTARTUPINFO)
CALL5(DWORD, ExpertIndicateStatus, HEXPERTKEY, EXPERTSTATUSENUMERATION, DWORD, char *, long)
CALL2(SIZE_T, ExpertMemorySize, HEXPERTKEY, LPVOID)
CALL4(LPVOID, ExpertReallocMemory, HEXPERTKEY, LPVOID, SIZE_T, LPDWORD)
CALL2(DWORD, ExpertSubmitEvent, HEXPERTKEY, PNMEVENTDATA)
CALL2(DWORD, FilterAddObject, HFILTER, LPFILTEROBJECT)
CALL7(HFRAME, FindNextFrame, HFRAME, LPSTR, LPADDRESS, LPADDRESS, LPWORD, DWORD, DWORD)
CALL7(HFRAME, FindPreviousFrame, HFRAME, LPSTR, LPADDRESS, LPADDRESS, LPWORD, DWORD, DWORD)
CALL2(LPPROPERTYINST, FindPropertyInstance, HFRAME, HPROPERTY)
CALL4(LPPROPERTYINST, FindPropertyInstanceRestart, HFRAME, HPROPERTY, LPPROPERTYINST *, BOOL)
CALL1(DWORD, FormatPropertyInstance, LPPROPERTYINST)
CALL0(LPVOID, GetCCInstPtr)
CALL1(LPSTR, GetCaptureComment, HCAPTURE)
CALL3(DWORD, GetCaptureCommentFromFilename, LPSTR, LPSTR, DWORD)
CALL1(DWORD, GetCaptureMacType, HCAPTURE)
CALL1(LPSYSTEMTIME, GetCaptureTimeStamp, HCAPTURE)
CALL1(DWORD, GetCaptureTotalFrames, HCAPTURE)
CALL1(LPPROTOCOLTABLE, GetEnabledProtocols, HCAPTURE)
CALL2(HFRAME, GetFrame, HCAPTURE, DWORD)
CALL1(HCAPTURE, GetFrameCaptureHandle, HFRAME)
CALL4(DWORD, GetFrameDestAddress, HFRAME, LPADDRESS, DWORD, DWORD)
CALL3(DWORD, GetFrameDstAddressOffset, HFRAME, DWORD, LPDWORD)
CALL1(ULPFRAME, GetFrameFromFrameHandle, HFRAME)
CALL1(DWORD, GetFrameLength, HFRAME)
CALL1(DWORD, GetFrameMacHeaderLength, HFRAME)
CALL1(DWORD, GetFrameMacType, HFRAME)
CALL1(DWORD, GetFrameNumber, HFRAME)
CALL1(LPRECOGNIZEDATATABLE, GetFrameRecognizeData, HFRAME)
CALL4(DWORD, GetFrameSourceAddress, HFRAME, LPADDRESS, DWORD, DWORD)
CALL3(DWORD, GetFrameSrcAddressOffset, HFRAME, DWORD, LPDWORD)
CALL1(DWORD, GetFrameStoredLength, HFRAME)
CALL1(__int64, GetFrameTimeStamp, HFRAME)
CALL4(DWORD, GetPreviousProtocolOffsetByName, HFRAME, DWORD, LPSTR, DWORD *)
CALL2(HPROPERTY, GetProperty, HPROTOCOL, LPSTR)
CALL1(LPPROPERTYINFO, GetPropertyInfo, HPROPERTY)
CALL4(LPSTR, GetPropertyText, HFRAME, LPPROPERTYINST, LPSTR, DWORD)
CALL1(HPROTOCOL, GetProtocolFromName, LPSTR)
CALL3(HPROTOCOL, GetProtocolFromTable, LPHANDOFFTABLE, DWORD, PDWORD_PTR)
CALL1(LPPROTOCOLINFO, GetProtocolInfo, HPROTOCOL)
CALL2(DWORD, GetProtocolStartOffset, HFRAME, LPSTR)
CALL2(DWORD, GetProtocolStartOffsetHandle, HFRAME, HPROTOCOL)
CALL1(WCHAR *, HTMLValueToUnicode, const char *)
CALL3(BOOL, LoadDWORD, const char *, const char *, DWORD *)
CALL4(BOOL, LoadIPAddresses, const char *, const char *, DWORD **, DWORD *)
CALL4(BOOL, LoadIPXAddresses, const char *, const char *, IPX_ADDRESS **, DWORD *)
CALL4(BOOL, LoadMACAddresses, const char *, const char *, LPBYTE *, DWORD *)
CALL2(BOOL, LoadStringAddr, DWORD *, const char *)
CALL3(BOOL, LoadTCHAR, const char *, const char *, char **)
CALL2(LPBYTE, LookupByteSetString, LPSET, BYTE)
CALL2(LPBYTE, LookupDwordSetString, LPSET, DWORD)
CALL2(LPBYTE, LookupWordSetString, LPSET, WORD)
CALL1(DWORD, MacTypeToAddressType, DWORD)
CALL5(HFRAME, ModifyFrame, HCAPTURE, DWORD, LPBYTE, DWORD, __int64)
CALL1(LPBYTE, ParserTemporaryLockFrame, HFRAME)
VOID1(SetCCInstPtr, LPVOID)
CALL2(LPBYTE, StringToAddress, BYTE *, LPSTR)
CALL4(LPDWORD, VarLenSmallIntToDword, LPBYTE, WORD, BOOL, LPDWORD)
/* clang-format on */

/* What no call above covers: the types since IPv6, both in one call, none at all, and the members
   that the pages name. */
int call_in_other_ways(HFRAME frame, HFILTER filter, HEXPERTKEY key, NETWORKINFO *network,
                       NMEVENTDATA *event, STATUSPROC report, const ADDRESS2 *wide_address,
                       const ADDRESS *old_address, const FILTEROBJECT2 *wide_object);

int call_in_other_ways(HFRAME frame, HFILTER filter, HEXPERTKEY key, NETWORKINFO *network,
                       NMEVENTDATA *event, STATUSPROC report, const ADDRESS2 *wide_address,
                       const ADDRESS *old_address, const FILTEROBJECT2 *wide_object)
{
    char text[] = "text", name[] = "TCP";
    LPPROPERTYINST instance = NULL;
    FILTEROBJECT2 object = *wide_object;
    ADDRESS2 wide = *wide_address;
    ADDRESS old = *old_address;
    WORD offset = 0;

    event->szUrl = NULL;
    network->OtherAddress.Type = ADDRESS_TYPE_IP;
    ExpertIndicateStatus(key, EXPERTSTATUS_RUNNING, 0, text, 1);
    ExpertIndicateStatus(key, EXPERTSTATUS_RUNNING, 0, "", 1);
    FilterAddObject(filter, &object);
    FilterAddObject(filter, NULL);
    FilterFindPropertyInstance(frame, filter, NULL, filter, &instance, report, NULL, 0, TRUE);
    FindNextFrame(frame, name, NULL, NULL, &offset, 0, 1);
    FindNextFrame(frame, name, &old, NULL, &offset, 0, 1);
    FindNextFrame(frame, name, NULL, &old, &offset, 0, 1);
    FindNextFrame(frame, name, &wide, &wide, &offset, 0, 1);
    FindPreviousFrame(frame, name, NULL, NULL, NULL, 0, 1);
    FindPreviousFrame(frame, name, &wide, &old, NULL, 0, 1);
    FindPreviousFrame(frame, name, &old, &wide, NULL, 0, 1);
    GetFrameDestAddress(frame, &wide, ADDRESS_TYPE_IP6, 0);
    GetFrameSourceAddress(frame, &wide, ADDRESS_TYPE_IP6, 0);
    return CompareAddresses(&network->OtherAddress, &wide) + CompareAddresses(&wide, &old) +
           CompareFrameDestAddress(frame, &wide) + CompareFrameSourceAddress(frame, &wide);
}
