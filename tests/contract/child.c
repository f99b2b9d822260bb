#include "child.h"

#include <stdio.h>
#include <stdlib.h>

#define DEBUG_PRINT 0x40010006u      /* raised by OutputDebugStringA */
#define DEBUG_PRINT_WIDE 0x4001000Au /* and by OutputDebugStringW before it */

ULONGLONG child_expect;
char child_debug_text[8192];

static volatile ULONG_PTR fault_expected;

static void add_debug_text(const char *text)
{
    size_t used = strlen(child_debug_text), more = strlen(text);
    if (used + more < sizeof child_debug_text)
        memcpy(child_debug_text + used, text, more + 1);
}

static BOOL in_this_program(const void *address)
{
    const char *base = (const char *)GetModuleHandleA(NULL);
    IMAGE_DOS_HEADER dos;
    IMAGE_NT_HEADERS headers;
    memcpy(&dos, base, sizeof dos);
    memcpy(&headers, base + dos.e_lfanew, sizeof headers);
    return (ULONG_PTR)address - (ULONG_PTR)base < headers.OptionalHeader.SizeOfImage;
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *pointers)
{
    const EXCEPTION_RECORD *record = pointers->ExceptionRecord;
    if (record->ExceptionCode == DEBUG_PRINT) {
        add_debug_text((const char *)record->ExceptionInformation[1]);
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    if (record->ExceptionCode == EXCEPTION_ACCESS_VIOLATION) {
        BOOL wanted = fault_expected != 0 && record->ExceptionInformation[1] == fault_expected &&
                      in_this_program(record->ExceptionAddress);
        if (!wanted) {
            printf("fault at %p, reaching for %p\n", record->ExceptionAddress,
                   (void *)record->ExceptionInformation[1]);
            fflush(stdout);
        }
        TerminateProcess(GetCurrentProcess(), wanted ? CHILD_FAULTED : 20087u);
    }
    return EXCEPTION_CONTINUE_SEARCH;
}

size_t child_debug_count(const char *word)
{
    size_t count = 0;
    for (const char *at = child_debug_text; (at = strstr(at, word)) != NULL; at++)
        count++;
    return count;
}

void child_read_fault(const void *address)
{
    fault_expected = (ULONG_PTR)address;
    (void)*(const volatile unsigned char *)address;
    fault_expected = 0;
}

void child_write_fault(void *address)
{
    fault_expected = (ULONG_PTR)address;
    *(volatile unsigned char *)address = 1;
    fault_expected = 0;
}

DWORD child_join(HANDLE thread)
{
    DWORD code = 0xFFFFFFFF;
    if (thread != NULL && WaitForSingleObject(thread, CONTRACT_PATIENCE) == WAIT_OBJECT_0)
        GetExitCodeThread(thread, &code);
    if (thread != NULL)
        CloseHandle(thread);
    return code;
}

BOOL child_main(int argc, char **argv, const struct child *children, size_t count, int *code)
{
    const char *name = NULL;
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--child=", 8) == 0)
            name = argv[i] + 8;
        else if (strncmp(argv[i], "--expect=", 9) == 0)
            child_expect = strtoull(argv[i] + 9, NULL, 10);
    if (name == NULL)
        return FALSE;
    AddVectoredExceptionHandler(1, on_exception);
    contract_load_dll();
    *code = 20001;
    for (size_t i = 0; i < count; i++)
        if (strcmp(children[i].name, name) == 0)
            *code = children[i].run();
    if (*code != 0 && child_debug_text[0] != 0)
        printf("debugger output: %s\n", child_debug_text);
    fflush(stdout);
    return TRUE;
}

DWORD child_run(const char *options, const char *name, ULONGLONG expect)
{
    char program[MAX_PATH], command[2048];
    STARTUPINFOA startup;
    PROCESS_INFORMATION process;
    BOOL started = FALSE;
    DWORD code = 20002;

    memset(&startup, 0, sizeof startup);
    startup.cb = sizeof startup;
    GetModuleFileNameA(NULL, program, sizeof program);
    snprintf(command, sizeof command, "\"%s\" \"%s\" --child=%s --expect=%llu %s%s%s", program,
             contract_dll_path, name, (unsigned long long)expect,
             options != NULL ? "\"--options=" : "", options != NULL ? options : "",
             options != NULL ? "\"" : "");
    /* Before our DLL is loaded: Wine now and then fails to start a process while the machine is
       busy. */
    for (int tries = 0; tries < 3 && !started; tries++)
        started =
            CreateProcessA(program, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process);
    if (!started) {
        print_error("cannot start %s: %lu\n", command, (unsigned long)GetLastError());
        return code;
    }
    if (WaitForSingleObject(process.hProcess, 2 * CONTRACT_PATIENCE) == WAIT_OBJECT_0)
        GetExitCodeProcess(process.hProcess, &code);
    else
        TerminateProcess(process.hProcess, 20003);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    if (code != 0 && code != CHILD_FAULTED)
        print_error("child %s under NMAPI_OPTIONS='%s': %lu (a line, or 20087: wrong fault)\n",
                    name, options != NULL ? options : "", (unsigned long)code);
    return code;
}
