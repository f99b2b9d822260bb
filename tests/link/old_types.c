/* What the functions that take an ADDRESS2 or a FILTEROBJECT2 get from a caller with an ADDRESS or
   a FILTEROBJECT; also compiled as C++. The host's functions here use today's types. Exit status
   42: success, else the line of the failure. */
#include <netmon.h>

#include <nmapi.h>

#include <string.h>

#define CHECK(good)                                                                                \
    do {                                                                                           \
        if (!(good))                                                                               \
            return __LINE__ % 10000 == 42 ? 1 : __LINE__;                                          \
    } while (0)
#define SUPPLY(name) NmapiSetFunction(#name, (FARPROC)(LONG_PTR)host_##name)

static unsigned calls;
static ADDRESS2 got[2];   /* what the last call was handed */
static BOOL was_given[2]; /* FALSE: NULL */
static ADDRESS2 to_give;
static DWORD status_to_give;
static FILTEROBJECT2 got_object;
static const void *got_pointer;

static void note(int index, LPADDRESS2 address)
{
    was_given[index] = address != NULL;
    if (address != NULL)
        got[index] = *address;
}

static int WINAPI host_CompareAddresses(LPADDRESS2 first, LPADDRESS2 second)
{
    calls++;
    note(0, first);
    note(1, second);
    return 7;
}

static BOOL WINAPI host_CompareFrameDestAddress(HFRAME frame, LPADDRESS2 address)
{
    (void)frame;
    calls++;
    note(0, address);
    return 3;
}

static BOOL WINAPI host_CompareFrameSourceAddress(HFRAME frame, LPADDRESS2 address)
{
    (void)frame;
    calls++;
    note(0, address);
    return 5;
}

static HFRAME WINAPI host_FindNextFrame(HFRAME frame, LPSTR protocol, LPADDRESS2 dest,
                                        LPADDRESS2 src, LPWORD offset, DWORD original,
                                        DWORD highest)
{
    calls++;
    note(0, dest);
    note(1, src);
    *offset = (WORD)(original * 10 + highest + (DWORD)(BYTE)protocol[0]);
    return frame;
}

static DWORD WINAPI host_GetFrameDestAddress(HFRAME frame, LPADDRESS2 address, DWORD type,
                                             DWORD flags)
{
    (void)frame;
    calls++;
    note(0, address);
    if (address != NULL)
        *address = to_give;
    return type == ADDRESS_TYPE_IP && flags == 2 ? status_to_give : (DWORD)NMERR_INVALID_DATA;
}

static DWORD WINAPI host_FilterAddObject(HFILTER filter, LPFILTEROBJECT2 object)
{
    (void)filter;
    calls++;
    got_pointer = object;
    if (object == NULL)
        return NMERR_INVALID_PARAMETER;
    got_object = *object;
    was_given[0] = FALSE;
    if (object->Action == FILTERACTION_ADDR_IPX || object->Action == FILTERACTION_ADDRESS)
        note(0, object->lpAddress);
    return NMERR_SUCCESS;
}

static BOOL is(const ADDRESS2 *wide, const ADDRESS *old)
{
    static const BYTE none[6] = {0};

    return wide->Type == old->Type && wide->Flags == old->Flags &&
           memcmp(wide->IPXRawAddress, old->IPXRawAddress, 10) == 0 &&
           memcmp(wide->IP6Address + 10, none, 6) == 0;
}

static ADDRESS make(DWORD type, BYTE first)
{
    ADDRESS address;

    address.Type = type;
    for (int i = 0; i < 10; i++)
        address.IPXRawAddress[i] = (BYTE)(first + i);
    address.Flags = 0xA5C3;
    return address;
}

static int check_compare(HFRAME frame)
{
    ADDRESS a = make(ADDRESS_TYPE_IPX, 10), b = make(ADDRESS_TYPE_IP, 40);
    ADDRESS too_long = make(ADDRESS_TYPE_IP6, 1);
    ADDRESS2 wide;

    memset(&wide, 0x77, sizeof wide);
    CHECK(CompareAddresses(&a, &b) == 7 && is(&got[0], &a) && is(&got[1], &b));
    CHECK(CompareAddresses(&wide, &b) == 7 && memcmp(&got[0], &wide, sizeof wide) == 0);
    CHECK(is(&got[1], &b));
    CHECK(CompareAddresses(&b, &wide) == 7 && is(&got[0], &b));
    CHECK(memcmp(&got[1], &wide, sizeof wide) == 0);
    CHECK(CompareAddresses(NULL, &a) == 7 && !was_given[0] && is(&got[1], &a));
    CHECK(CompareAddresses(NULL, NULL) == 7 && !was_given[0] && !was_given[1]);
    CHECK(CompareAddresses(&a, (LPADDRESS)NULL) == 7 && was_given[0] && !was_given[1]);
    CHECK(CompareFrameDestAddress(frame, &a) == 3 && is(&got[0], &a));
    CHECK(CompareFrameSourceAddress(frame, &b) == 5 && is(&got[0], &b));
    CHECK(CompareFrameDestAddress(frame, &wide) == 3 && got[0].Type == 0x77777777);
    calls = 0;
    CHECK(CompareAddresses(&a, &too_long) == -1 && CompareAddresses(&too_long, &wide) == -1);
    CHECK(CompareFrameDestAddress(frame, &too_long) == FALSE);
    CHECK(CompareFrameSourceAddress(frame, &too_long) == FALSE);
    CHECK(calls == 0);
    return 0;
}

static int check_find(HFRAME frame)
{
    ADDRESS a = make(ADDRESS_TYPE_IPX, 10), too_long = make(ADDRESS_TYPE_IP6, 1);
    ADDRESS2 wide;
    WORD offset = 0;
    char name[] = "A";

    memset(&wide, 0x77, sizeof wide);
    CHECK(FindNextFrame(frame, name, &a, &wide, &offset, 3, 4) == frame && offset == 34 + 'A');
    CHECK(is(&got[0], &a) && memcmp(&got[1], &wide, sizeof wide) == 0);
    CHECK(FindNextFrame(frame, name, NULL, NULL, &offset, 1, 1) == frame && !was_given[0]);
    CHECK(FindNextFrame(frame, name, NULL, &a, &offset, 1, 1) == frame && is(&got[1], &a));
    CHECK(!was_given[0]);
    CHECK(FindPreviousFrame(frame, name, &a, NULL, &offset, 5, 6) == frame && offset == 56 + 'A');
    CHECK(is(&got[0], &a) && !was_given[1]);
    calls = 0;
    CHECK(FindNextFrame(frame, name, &too_long, &wide, &offset, 1, 1) == NULL);
    CHECK(FindPreviousFrame(frame, name, &a, &too_long, &offset, 1, 1) == NULL && calls == 0);
    return 0;
}

static int check_get(HFRAME frame)
{
    ADDRESS before = make(ADDRESS_TYPE_XNS, 90);
    struct {
        ADDRESS address;
        BYTE behind[16];
    } mine;
    ADDRESS2 wide;

    memset(&mine, 0x11, sizeof mine);
    memset(&to_give, 0, sizeof to_give);
    to_give.Type = ADDRESS_TYPE_IP;
    to_give.IPAddress[3] = 200;
    to_give.Flags = 9;
    status_to_give = NMERR_SUCCESS;
    CHECK(GetFrameDestAddress(frame, &mine.address, ADDRESS_TYPE_IP, 2) == NMERR_SUCCESS);
    CHECK(is(&to_give, &mine.address) && mine.behind[0] == 0x11 && got[0].Type == 0);
    CHECK(GetFrameSourceAddress(frame, &wide, ADDRESS_TYPE_IP, 2) == NMERR_SUCCESS);
    CHECK(memcmp(&wide, &to_give, sizeof wide) == 0);

    mine.address = before;
    CHECK(GetFrameSourceAddress(frame, &mine.address, ADDRESS_TYPE_ANY, 2) == NMERR_INVALID_DATA);
    CHECK(memcmp(&mine.address, &before, sizeof before) == 0);
    to_give.Type = ADDRESS_TYPE_IP6;
    CHECK(GetFrameDestAddress(frame, &mine.address, ADDRESS_TYPE_IP, 2) == NMERR_INVALID_PARAMETER);
    CHECK(GetFrameSourceAddress(frame, &mine.address, ADDRESS_TYPE_IP, 2) ==
          NMERR_INVALID_PARAMETER);
    CHECK(memcmp(&mine.address, &before, sizeof before) == 0);
    CHECK(GetFrameDestAddress(frame, &wide, ADDRESS_TYPE_IP, 2) == NMERR_SUCCESS);
    CHECK(GetFrameDestAddress(frame, (LPADDRESS)NULL, ADDRESS_TYPE_IP, 2) == NMERR_SUCCESS);
    CHECK(!was_given[0]);
    return 0;
}

static int check_filter(HFILTER filter)
{
    ADDRESS address = make(ADDRESS_TYPE_IPX, 60), too_long = make(ADDRESS_TYPE_IP6, 1);
    FILTEROBJECT object;
    FILTEROBJECT2 wide;
    BYTE bytes[3] = {1, 2, 3};

    memset(&object, 0, sizeof object);
    object.Action = FILTERACTION_ARRAY;
    object.hProperty = 1234;
    object.lpArray = bytes;
    object.ByteCount = 3;
    object.pNext = &object;
    CHECK(FilterAddObject(filter, &object) == NMERR_SUCCESS && got_pointer != &object);
    CHECK(got_object.Action == FILTERACTION_ARRAY && got_object.hProperty == 1234);
    CHECK(got_object.lpArray == bytes && got_object.ByteCount == 3 && got_object.pNext == NULL);
    object.Action = FILTERACTION_ADDR_IPX;
    object.lpAddress = &address;
    CHECK(FilterAddObject(filter, &object) == NMERR_SUCCESS && is(&got[0], &address));
    object.Action = FILTERACTION_ADDRESS;
    object.lpAddress = NULL;
    CHECK(FilterAddObject(filter, &object) == NMERR_SUCCESS && !was_given[0]);
    wide = got_object;
    CHECK(FilterAddObject(filter, &wide) == NMERR_SUCCESS && got_pointer == &wide);
    CHECK(FilterAddObject(filter, NULL) == NMERR_INVALID_PARAMETER && got_pointer == NULL);
    CHECK(FilterAddObject(filter, (LPFILTEROBJECT)NULL) == NMERR_INVALID_PARAMETER);
    calls = 0;
    object.lpAddress = &too_long;
    CHECK(FilterAddObject(filter, &object) == NMERR_INVALID_PARAMETER);
    object.lpAddress = &address;
    object.Action = FILTERACTION_ADDR_IP6;
    CHECK(FilterAddObject(filter, &object) == NMERR_INVALID_PARAMETER && calls == 0);
    return 0;
}

int main(void)
{
    HFRAME frame = (HFRAME)(LONG_PTR)0x1230;
    int line;

    SUPPLY(CompareAddresses);
    SUPPLY(CompareFrameDestAddress);
    SUPPLY(CompareFrameSourceAddress);
    SUPPLY(FindNextFrame);
    NmapiSetFunction("FindPreviousFrame", (FARPROC)(LONG_PTR)host_FindNextFrame);
    SUPPLY(GetFrameDestAddress);
    NmapiSetFunction("GetFrameSourceAddress", (FARPROC)(LONG_PTR)host_GetFrameDestAddress);
    SUPPLY(FilterAddObject);
    line = check_compare(frame);
    if (!line)
        line = check_find(frame);
    if (!line)
        line = check_get(frame);
    if (!line)
        line = check_filter((HFILTER)(LONG_PTR)0x4560);
    return line ? line : 42;
}
