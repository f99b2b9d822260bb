/* misbehaving.c - an expert that misbehaves as one word in NMHOST_TEST says. */
#include <string.h>

#include <windows.h>

#include <netmon.h>
#pragma pack() /* some versions of netmon.h leave 1 in force */

enum { FLOOD = 1000100, COLUMNS = 2 };

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved);
BOOL WINAPI Register(PEXPERTENUMINFO info);
BOOL WINAPI Configure(HEXPERTKEY key, PEXPERTCONFIG *config, PEXPERTSTARTUPINFO startup,
                      DWORD startup_flags, HWND window);
BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window);

static BOOL told_to(const char *word)
{
    char text[32] = "";
    (void)GetEnvironmentVariableA("NMHOST_TEST", text, sizeof text);
    return strcmp(text, word) == 0;
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)module, (void)reserved;
    if (reason == DLL_PROCESS_ATTACH && told_to("hang at load"))
        Sleep(INFINITE);
    if (reason == DLL_PROCESS_ATTACH && told_to("refuse to load"))
        return FALSE;
    if (reason == DLL_PROCESS_DETACH && told_to("hang at unload"))
        Sleep(INFINITE);
    return TRUE;
}

BOOL WINAPI Register(PEXPERTENUMINFO info)
{
    memset(info, 0, sizeof *info);
    lstrcpyA(info->szName, "mis\tbehaving");
    lstrcpyA(info->szVendor, "the tests");
    lstrcpyA(info->szDescription, "does what it is told");
    info->Version = 7;
    info->Flags = EXPERT_ENUM_FLAG_CONFIGURABLE | EXPERT_ENUM_FLAG_NO_VIEWER;
    if (told_to("need a frame"))
        info->Flags |= EXPERT_ENUM_FLAG_ADD_ME_TO_RMC_IN_DETAIL;
    return !told_to("register nothing");
}

/* A configuration: four bytes of length, four of a count that grows by one each time. */
BOOL WINAPI Configure(HEXPERTKEY key, PEXPERTCONFIG *config, PEXPERTSTARTUPINFO startup,
                      DWORD startup_flags, HWND window)
{
    (void)startup, (void)startup_flags, (void)window;
    if (told_to("cancel"))
        return TRUE;
    if (*config == NULL) {
        *config = ExpertAllocMemory(key, 8, NULL);
        if (*config == NULL)
            return FALSE;
        (*config)->RawConfigLength = told_to("lie about the length") ? 80 : 8;
    }
    (*config)->RawConfigData[0]++;
    return TRUE;
}

static volatile ULONG_PTR wild = 16; /* hides the value from the compiler */
static volatile int deepest = 0x7FFFFFFF;

/* Each call needs the frame of the one before, so that no compiler makes a loop of it. */
static int overflow(int depth, const volatile char *before)
{
    volatile char room[4096];

    room[0] = (char)(depth + before[0]);
    return depth == deepest ? 0 : overflow(depth + 1, room) + room[0];
}

static NMEVENTDATA *new_event(HEXPERTKEY key)
{
    static char source[] = "misbehaving", name[] = "Ev,ent", description[] = "say \"it\"",
                first[] = "Frame", second[] = "Te<x>t";

    NMEVENTDATA *event =
        ExpertAllocMemory(key, sizeof(NMEVENTDATA) + COLUMNS * sizeof(NMCOLUMNINFO), NULL);
    if (event == NULL)
        return NULL;
    event->Flags = NMEVENTFLAG_EXPERT;
    event->Severity = NMEVENT_SEVERITY_WARNING;
    event->szSourceName = source;
    event->szEventName = name;
    event->szDescription = description;
    event->NumColumns = COLUMNS;
    event->Column[0].szColumnName = first;
    event->Column[0].VariantData.Type = NMCOLUMNTYPE_FRAME;
    event->Column[1].szColumnName = second;
    event->Column[1].VariantData.Type = NMCOLUMNTYPE_STRING;
    event->Column[1].VariantData.Value.pStringVal = "a\r\n\x1b[31m\"b\"";
    return event;
}

static void submit(HEXPERTKEY key, DWORD count)
{
    NMEVENTDATA *event = new_event(key);
    for (DWORD number = 0; event != NULL && number < count; number++) {
        event->Column[0].VariantData.Value.FrameVal = number % 24;
        ExpertSubmitEvent(key, event);
    }
    ExpertFreeMemory(key, event);
}

/* Writes into every handle that could be the pipe to the host. */
static void write_everywhere(const void *bytes, DWORD count)
{
    DWORD written;

    for (ULONG_PTR handle = 4; handle < 1024; handle += 4) {
        if (GetFileType((HANDLE)handle) == FILE_TYPE_PIPE &&
            (HANDLE)handle != GetStdHandle(STD_OUTPUT_HANDLE) &&
            (HANDLE)handle != GetStdHandle(STD_ERROR_HANDLE) &&
            (HANDLE)handle != GetStdHandle(STD_INPUT_HANDLE))
            (void)WriteFile((HANDLE)handle, bytes, count, &written, NULL);
    }
}

static void talk_nonsense(void)
{
    char nonsense[200];
    memset(nonsense, 'n', sizeof nonsense);
    write_everywhere(nonsense, sizeof nonsense);
    Sleep(INFINITE);
}

/* A result with an outcome that does not exist, in the form that the host itself writes. */
static void talk_out_of_range(void)
{
    DWORD message[3 + 18] = {0x314D4D4E, 8, 18 * sizeof(DWORD), 4711};
    write_everywhere(message, sizeof message);
    Sleep(INFINITE);
}

/* A note that would move the cursor. */
static void talk_in_escapes(void)
{
    DWORD message[3 + 2] = {0x314D4D4E, 5, 8};
    memcpy(message + 3, "\x1b[2Jno\0", 8);
    write_everywhere(message, sizeof message);
    Sleep(INFINITE);
}

static void start_program(void)
{
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    char command[] = "cmd.exe /c exit 0";

    if (CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process)) {
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
}

BOOL WINAPI Run(HEXPERTKEY key, PEXPERTCONFIG config, PEXPERTSTARTUPINFO startup,
                DWORD startup_flags, HWND window)
{
    EXPERTFRAMEDESCRIPTOR frame = {.FrameNumber = INVALID_FRAME_NUMBER};
    char text[64];
    (void)startup_flags, (void)window;

    if (told_to("exit process"))
        ExitProcess(77);
    if (told_to("exit thread"))
        ExitThread(3);
    if (told_to("overflow"))
        return overflow(1, "") == 0;
    if (told_to("fail fast")) /* what the compilers' __fastfail does, without its instruction */
        TerminateProcess(GetCurrentProcess(), 0xC0000409);
    if (told_to("nonsense"))
        talk_nonsense();
    if (told_to("out of range"))
        talk_out_of_range();
    if (told_to("escapes"))
        talk_in_escapes();
    if (told_to("hang"))
        Sleep(INFINITE);
    if (told_to("crash"))
        *(volatile int *)wild = 1;
    if (told_to("give up") || told_to("need a frame"))
        return FALSE;
    if (told_to("program"))
        start_program();
    if (told_to("wild event"))
        ExpertSubmitEvent(key, (PNMEVENTDATA)(ULONG_PTR)0x10);
    if (told_to("two events"))
        submit(key, 2);
    if (told_to("flood"))
        submit(key, FLOOD);
    if (told_to("count")) {
        DWORD frames = 0, first = 0;
        while (ExpertGetFrame(key, GET_FRAME_NEXT_FORWARD, FLAGS_DEFER_TO_UI_FILTER,
                              frame.FrameNumber, NULL, &frame) == NMERR_SUCCESS) {
            if (frames++ == 0)
                first = frame.FrameNumber;
        }
        wsprintfA(text, "%lu from %lu to %lu", frames, first, frame.FrameNumber);
        ExpertIndicateStatus(key, EXPERTSTATUS_RUNNING, 0, text, 50);
    }
    if (told_to("startup")) {
        wsprintfA(text, "flags %lu frame %lu data %u bit %d", startup->Flags,
                  startup->dwFrameNumber,
                  startup->lpPropertyInst != NULL && startup->lpPropertyInst->lpByte != NULL
                      ? startup->lpPropertyInst->lpByte[0]
                      : 0,
                  startup->sBitfield.bOn);
        ExpertIndicateStatus(key, EXPERTSTATUS_RUNNING, 0, text, 50);
    }
    if (config != NULL && !told_to("startup")) {
        wsprintfA(text, "configured %u times", config->RawConfigData[0]);
        ExpertIndicateStatus(key, EXPERTSTATUS_RUNNING, 0, text, 60);
    }
    return TRUE;
}
