/* test_nmhost.c - the program as its users run it: its output, exit status and files, for experts
   that end in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <windows.h>

#include <cmocka.h>

static const char *program;
static const char *folder;   /* of captures */
static const char *examples; /* of experts */
static const char *misbehaving;
static char output[256 * 1024];
static char config_file[MAX_PATH];
static char other_file[MAX_PATH];

/* Runs it, and returns its exit status. */
static DWORD run(const char *behaviour, const char *format, ...)
{
    static char line[4096];
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOA startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    HANDLE from, to;
    DWORD used = 0, got, status = 0xFFFFFFFF;
    va_list arguments;

    int length = snprintf(line, sizeof line, "\"%s\" ", program);
    va_start(arguments, format);
    vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
    va_end(arguments);
    SetEnvironmentVariableA("NMHOST_TEST", behaviour);
    assert_true(CreatePipe(&from, &to, &inherited, 0));
    SetHandleInformation(from, HANDLE_FLAG_INHERIT, 0);
    startup.hStdOutput = to;
    startup.hStdError = to;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    assert_true(CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process));
    CloseHandle(to);
    while (used < sizeof output - 1 &&
           ReadFile(from, output + used, (DWORD)sizeof output - 1 - used, &got, NULL) && got != 0)
        used += got;
    output[used] = '\0';
    CloseHandle(from);
    if (WaitForSingleObject(process.hProcess, 60000) != WAIT_OBJECT_0)
        TerminateProcess(process.hProcess, 0xFFFFFFFF);
    GetExitCodeProcess(process.hProcess, &status);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return status;
}

static void expect_in(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL)
        fail_msg("there is no \"%s\" in:\n%s", wanted, text);
}

static void expect(const char *wanted)
{
    expect_in(output, wanted);
}

/* The line of the last table that begins with the name, with runs of blanks made one. */
static const char *row_of(const char *name)
{
    static char row[256];
    const char *table = strstr(output, "a second"), *at;
    size_t used = 0;

    assert_non_null(table);
    at = strstr(table, name);
    if (at == NULL)
        fail_msg("there is no %s in:\n%s", name, output);
    for (; *at != '\0' && *at != '\n' && used < sizeof row - 1; at++) {
        if (*at != ' ' || used == 0 || row[used - 1] != ' ')
            row[used++] = *at;
    }
    row[used] = '\0';
    return row;
}

static void expect_row(const char *name, const char *start)
{
    const char *row = row_of(name);
    if (strncmp(row, start, strlen(start)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\" in:\n%s", row, start, output);
}

/* In a child process; the good expert after it runs nevertheless. */
static void ends(const char *behaviour, const char *outcome)
{
    assert_int_equal(run(behaviour, "--time-limit=1 \"%s/small.pcap\" \"%s\" \"%s/protocols.dll\"",
                         folder, misbehaving, examples),
                     1);
    expect_row("mis", outcome);
    expect_row("protocols", "protocols returned");
}

static void an_expert_that_ends_its_process_is_reported(void **state)
{
    (void)state;
    ends("exit process", "mis behaving exited: 77");
    expect("unknown");
}

static void an_expert_that_fails_fast_is_reported(void **state)
{
    (void)state;
    ends("fail fast", "mis behaving failed: C0000409");
}

static void an_expert_that_overflows_its_stack_is_reported(void **state)
{
    (void)state;
    assert_int_equal(run("overflow",
                         "--time-limit=20 \"%s/small.pcap\" \"%s\" \"%s/protocols.dll\"", folder,
                         misbehaving, examples),
                     1);
    expect_row("mis", "mis behaving failed: C00000FD");
    expect_row("protocols", "protocols returned");
    assert_int_equal(
        run("overflow",
            "--in-process --time-limit=20 \"%s/small.pcap\" \"%s\" \"%s/protocols.dll\"", folder,
            misbehaving, examples),
        1);
    expect_row("mis", "mis behaving failed: C00000FD");
    expect_row("protocols", "protocols returned");
}

static void an_expert_that_crashes_is_reported(void **state)
{
    (void)state;
    ends("crash", "mis behaving failed: C0000005");
    expect("access violation (C0000005)");
}

static void an_expert_that_submits_a_wild_event_crashes(void **state)
{
    (void)state;
    ends("wild event", "mis behaving failed: C0000005");
}

static void an_expert_that_ends_its_thread_is_reported(void **state)
{
    (void)state;
    ends("exit thread", "mis behaving vanished");
}

static void an_expert_that_hangs_is_killed(void **state)
{
    (void)state;
    ends("hang", "mis behaving killed");
    expect("told to terminate");
}

static void an_expert_that_hangs_while_it_is_loaded_is_killed(void **state)
{
    (void)state;
    ends("hang at load", "misbehaving.dll killed");
}

static void an_expert_that_does_not_load_is_reported(void **state)
{
    (void)state;
    ends("refuse to load", "misbehaving.dll not loaded");
    expect("it cannot be loaded: error");
}

static void an_expert_for_other_processors_is_reported(void **state)
{
    char name[MAX_PATH + 8], path[MAX_PATH + 16];
    (void)state;

    snprintf(name, sizeof name, "%s.dll",
             config_file); /* what is no program at all says the same */
    snprintf(path, sizeof path, "%s/small.pcap", folder);
    assert_true(CopyFileA(path, name, FALSE));
    assert_int_equal(run("", "\"%s/small.pcap\" \"%s\"", folder, name), 1);
    DeleteFileA(name);
    expect("it cannot be loaded: error 193: not for x");
}

static void an_expert_that_hangs_while_it_is_unloaded_has_returned(void **state)
{
    (void)state;
    assert_int_equal(
        run("hang at unload", "--time-limit=1 \"%s/small.pcap\" \"%s\"", folder, misbehaving), 0);
    expect_row("mis", "mis behaving returned");
}

static void an_expert_that_gives_up_is_no_success(void **state)
{
    (void)state;
    ends("give up", "mis behaving gave up");
    assert_null(strstr(output, "--startup"));
    ends("need a frame", "mis behaving gave up");
    expect("it can be started from a frame: it may need --startup");
}

static void an_invalid_message_is_not_believed(void **state)
{
    (void)state;
    ends("nonsense", "mis behaving failed");
    expect("is no message");
    ends("out of range", "mis behaving failed");
    expect("is no message");
    ends("escapes", "mis behaving failed");
    expect("is no message");
    assert_null(strchr(output, '\x1b'));
}

static void experts_that_return_give_status_0(void **state)
{
    (void)state;
    assert_int_equal(
        run("", "\"%s/small.pcap\" \"%s\" \"%s/protocols.dll\"", folder, misbehaving, examples), 0);
    expect("the capture: pcap, 24 frames");
}

static void a_program_that_an_expert_starts_does_no_harm(void **state)
{
    (void)state;
    assert_int_equal(run("program", "\"%s/small.pcap\" \"%s\"", folder, misbehaving), 0);
}

static void in_one_process_a_crash_is_reported_too(void **state)
{
    (void)state;
    assert_int_equal(run("crash", "--in-process \"%s/small.pcap\" \"%s\" \"%s/protocols.dll\"",
                         folder, misbehaving, examples),
                     1);
    expect_row("mis", "mis behaving failed: C0000005");
    expect_row("protocols", "protocols returned");
    assert_int_equal(
        run("hang", "--in-process --time-limit=1 \"%s/small.pcap\" \"%s\"", folder, misbehaving),
        1);
    expect_row("mis", "mis behaving killed");
}

static void wrong_usage_gives_status_2(void **state)
{
    (void)state;
    assert_int_equal(run("", "--help"), 0);
    expect("--memory-limit=MIB");
    assert_int_equal(run("", "%s", ""), 2);
    assert_int_equal(run("", "\"%s/small.pcap\"", folder), 2);
    expect("no expert");
    assert_int_equal(run("", "\"%s\"", misbehaving), 2);
    expect("no capture");
    assert_int_equal(run("", "--nonsense \"%s/small.pcap\" \"%s\"", folder, misbehaving), 2);
    expect("nmhost: --nonsense is no option, or has a value that it cannot have; nmhost --help");
    assert_int_equal(run("", "--frames=5-3 \"%s/small.pcap\" \"%s\"", folder, misbehaving), 2);
    assert_int_equal(run("", "--time-limit=0 \"%s/small.pcap\" \"%s\"", folder, misbehaving), 2);
    assert_int_equal(run("", "\"%s/not-there.pcap\" \"%s\"", folder, misbehaving), 2);
    expect("nmhost: there is no ");
    assert_int_equal(run("", "\"%s/make.py\" \"%s\"", folder, misbehaving), 2);
    expect("neither pcap, pcapng nor");
    expect_row("mis", "misbehaving.dll no capture");
}

static void a_list_needs_no_capture(void **state)
{
    (void)state;
    assert_int_equal(run("", "--list \"%s\" \"%s/protocols.dll\"", misbehaving, examples), 0);
    expect("mis behaving, version 7, by the tests; configurable, no viewer");
    expect("does what it is told");
    expect("protocols.dll");
}

static void a_folder_stands_for_what_is_in_it(void **state)
{
    (void)state;
    assert_int_equal(run("", "--list \"%s\"", examples), 0);
    expect("topusers.dll");
    expect("leaky.dll");
    assert_int_equal(run("", "--time-limit=30 \"%s\" \"%s/protocols.dll\"", folder, examples), 0);
    expect("== small-2.3.cap");
    expect("== small.pcapng");
    expect("the capture: Network Monitor 1.x, 24 frames");
    expect("comment on frame 5: the first answer");
}

static void frames_filter_and_start_reach_the_expert(void **state)
{
    (void)state;
    assert_int_equal(run("count", "\"%s/small.pcap\" \"%s\"", folder, misbehaving), 0);
    expect("24 from 0 to 23");
    assert_int_equal(run("count", "--frames=5-9 \"%s/small.pcap\" \"%s\"", folder, misbehaving), 0);
    expect("5 from 5 to 9");
    assert_int_equal(run("count", "--frames=20- \"%s/small.pcap\" \"%s\"", folder, misbehaving), 0);
    expect("4 from 20 to 23");
    assert_int_equal(
        run("count", "--filter=ARP_RARP \"%s/small.pcap\" \"%s\"", folder, misbehaving), 0);
    expect("2 from 5 to 6");
    assert_int_equal(run("count",
                         "--filter=\"ARP_RARP or (IP.Source Address == 10.20.0.101 and not TCP)\" "
                         "\"%s/small.pcap\" \"%s\"",
                         folder, misbehaving),
                     0);
    expect(" from 5 to ");
    assert_int_equal(
        run("count", "--filter=\"ARP_RARP and\" \"%s/small.pcap\" \"%s\"", folder, misbehaving), 1);
    expect("the filter is refused at its character 13: this cannot stand here");
    assert_int_equal(run("count", "--filter=IP.X \"%s/small.pcap\" \"%s\"", folder, misbehaving),
                     1);
    expect("the filter is refused at its character 4: its protocol has no such property");
    assert_int_equal(run("startup", "--startup=\"5:ARP_RARP.Opcode.0\" \"%s/small.pcap\" \"%s\"",
                         folder, misbehaving),
                     0);
    expect("flags 1 frame 5 data 0 bit 1");
    assert_int_equal(run("startup", "\"%s/small.pcap\" \"%s\"", folder, misbehaving), 0);
    expect("flags 0 frame 0 data 0 bit 0");
    /* What is chosen in the dialog counts, so that the place is no longer to override it. */
    assert_int_equal(run("startup",
                         "--configure --config=\"%s\" --startup=5:ARP_RARP.Opcode "
                         "\"%s/small.pcap\" \"%s\"",
                         config_file, folder, misbehaving),
                     0);
    expect("flags 0 frame 5 data 0");
    remove(config_file);
}

static void a_startup_place_that_is_none_is_named(void **state)
{
    static const struct {
        const char *place, *note;
    } cases[] = {
        {"5:TCP.Checksum",
         "--startup: frame 5 has no TCP.Checksum; frame 14 is the first that has"},
        {"5:SNAP.Ethernet Type",
         "--startup: frame 5 has no SNAP.Ethernet Type, nor has any of the first "},
        {"24:TCP.Checksum", "--startup: there is no frame 24 to read"},
        {"5:X.25", "--startup: no protocol is called X; FUNCTIONS.md lists them"},
        {"5:TCP.Czech", "--startup: TCP has no property Czech; FUNCTIONS.md lists them"},
    };
    (void)state;
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        assert_int_equal(run("startup", "\"--startup=%s\" \"%s/small.pcap\" \"%s\"",
                             cases[index].place, folder, misbehaving),
                         1);
        expect(cases[index].note);
    }
}

static void read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t used = fread(output, 1, sizeof output - 1, file);
    output[used] = '\0';
    fclose(file);
}

static void events_go_into_the_files(void **state)
{
    (void)state;
    assert_int_equal(run("two events", "--csv=\"%s\" --html=\"%s\" \"%s/small.pcap\" \"%s\"",
                         config_file, other_file, folder, misbehaving),
                     0);
    expect("event: Ev,ent");
    assert_null(strchr(output, 27)); /* no escape sequence of an expert's reaches the terminal */
    read_file(config_file);
    assert_string_equal(
        output,
        "Capture,Expert,Severity,Time,Frame,Event,Description,Columns\r\n"
        "\"small.pcap\",\"mis behaving\",\"warning\",\"0.000000\",0,\"Ev,ent\",\"say \"\"it\"\"\","
        "\"Frame=0\",\"Te<x>t=a   [31m\"\"b\"\"\"\r\n"
        "\"small.pcap\",\"mis behaving\",\"warning\",\"0.000033\",1,\"Ev,ent\",\"say \"\"it\"\"\","
        "\"Frame=1\",\"Te<x>t=a   [31m\"\"b\"\"\"\r\n");
    read_file(other_file);
    expect("<b>Te&#60;x&#62;t</b> a   [31m&#34;b&#34;");
    expect("</script></body></html>");
    assert_null(strstr(output, "<x>"));
    DeleteFileA(config_file);
    DeleteFileA(other_file);
}

/* One after the other from one thread, a million of them and no more. */
static void no_run_shows_more_than_a_million_events(void **state)
{
    DWORD lines = 0;
    (void)state;

    assert_int_equal(
        run("flood", "--csv=\"%s\" \"%s/small.pcap\" \"%s\"", config_file, folder, misbehaving), 0);
    expect("events more; --csv=FILE has them all");
    expect("100 of its 1,000,100 events are not told");
    FILE *file = fopen(config_file, "rb");
    assert_non_null(file);
    for (size_t got; (got = fread(output, 1, sizeof output, file)) != 0;) {
        for (size_t index = 0; index < got; index++)
            lines += output[index] == '\n';
    }
    fclose(file);
    assert_int_equal(lines, 1000001);
    DeleteFileA(config_file);
}

static void a_configuration_is_kept(void **state)
{
    static const char *const ways[] = {"", "--in-process"};
    (void)state;

    for (int way = 0; way < 2; way++) {
        DeleteFileA(config_file);
        assert_int_equal(run("", "%s --config=\"%s\" \"%s/small.pcap\" \"%s\"", ways[way],
                             config_file, folder, misbehaving),
                         0);
        assert_null(strstr(output, "configured 1"));
        for (int times = 1; times < 3; times++) {
            char wanted[32];
            assert_int_equal(run("", "%s --configure --config=\"%s\" \"%s/small.pcap\" \"%s\"",
                                 ways[way], config_file, folder, misbehaving),
                             0);
            snprintf(wanted, sizeof wanted, "configured %d times", times);
            expect(wanted);
            expect_row("mis", "mis behaving returned 0 1 0 0");
        }
        assert_int_equal(run("", "%s --config=\"%s\" \"%s/small.pcap\" \"%s\"", ways[way],
                             config_file, folder, misbehaving),
                         0);
        expect("configured 2 times");
    }
}

static void a_configuration_that_lies_is_not_kept_or_read(void **state)
{
    static const BYTE wrong[8] = {9, 0, 0, 0, 5};
    (void)state;

    DeleteFileA(config_file);
    assert_int_equal(run("lie about the length",
                         "--configure --config=\"%s\" \"%s/small.pcap\" \"%s\"", config_file,
                         folder, misbehaving),
                     0);
    expect("its configuration is not saved");
    assert_int_equal(GetFileAttributesA(config_file), INVALID_FILE_ATTRIBUTES);
    FILE *file = fopen(config_file, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(wrong, 1, sizeof wrong, file), sizeof wrong);
    fclose(file);
    assert_int_equal(
        run("", "--config=\"%s\" \"%s/small.pcap\" \"%s\"", config_file, folder, misbehaving), 0);
    assert_null(strstr(output, "configured"));
    DeleteFileA(config_file);
    assert_int_equal(run("cancel", "--configure --config=\"%s\" \"%s/small.pcap\" \"%s\"",
                         config_file, folder, misbehaving),
                     0);
    assert_int_equal(GetFileAttributesA(config_file), INVALID_FILE_ATTRIBUTES);
}

/* Runs an expert over the first bytes of a capture. */
static void run_over_part(const char *name, size_t bytes)
{
    char path[1024];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    read_file(path);
    FILE *file = fopen(config_file, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(output, 1, bytes, file), bytes);
    fclose(file);
    assert_int_equal(run("count", "\"%s\" \"%s\"", config_file, misbehaving), 0);
    DeleteFileA(config_file);
}

static void a_torn_capture_is_run_as_far_as_it_goes(void **state)
{
    (void)state;
    run_over_part("small.pcap", 1000);
    expect("11 from 0 to 10");
    expect("it stops at frame 11, byte 993: there is no whole frame");
    /* Without the frame table, which lies behind the frames. */
    run_over_part("small-1.x.cap", 1000);
    expect("10 from 0 to 9");
    expect("it stops at frame 10, byte 915: there is no whole frame");
    run_over_part("small-2.3.cap", 1000);
    expect("9 from 0 to 8");
    expect("it stops at frame 9, byte 970: there is no whole frame");
}

static void no_child_outlives_its_parent(void **state)
{
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    char line[2048], name[MAX_PATH];
    (void)state;

    /* A copy of the expert's DLL, which can be deleted once no process has it loaded. */
    snprintf(name, sizeof name, "%s.dll", config_file);
    assert_true(CopyFileA(misbehaving, name, FALSE));
    SetEnvironmentVariableA("NMHOST_TEST", "hang");
    snprintf(line, sizeof line, "\"%s\" \"%s/small.pcap\" \"%s\"", program, folder, name);
    assert_true(CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process));
    Sleep(2000);
    assert_false(DeleteFileA(name)); /* the child has it loaded */
    TerminateProcess(process.hProcess, 1);
    WaitForSingleObject(process.hProcess, INFINITE);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    BOOL gone = FALSE;
    for (int times = 0; times < 50 && !gone; times++) {
        Sleep(100);
        gone = DeleteFileA(name);
    }
    assert_true(gone);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(experts_that_return_give_status_0),
        cmocka_unit_test(an_expert_that_ends_its_process_is_reported),
        cmocka_unit_test(an_expert_that_fails_fast_is_reported),
        cmocka_unit_test(an_expert_that_overflows_its_stack_is_reported),
        cmocka_unit_test(an_expert_that_crashes_is_reported),
        cmocka_unit_test(an_expert_that_submits_a_wild_event_crashes),
        cmocka_unit_test(an_expert_that_ends_its_thread_is_reported),
        cmocka_unit_test(an_expert_that_hangs_is_killed),
        cmocka_unit_test(an_expert_that_hangs_while_it_is_loaded_is_killed),
        cmocka_unit_test(an_expert_that_does_not_load_is_reported),
        cmocka_unit_test(an_expert_for_other_processors_is_reported),
        cmocka_unit_test(an_expert_that_hangs_while_it_is_unloaded_has_returned),
        cmocka_unit_test(an_expert_that_gives_up_is_no_success),
        cmocka_unit_test(an_invalid_message_is_not_believed),
        cmocka_unit_test(a_program_that_an_expert_starts_does_no_harm),
        cmocka_unit_test(in_one_process_a_crash_is_reported_too),
        cmocka_unit_test(wrong_usage_gives_status_2),
        cmocka_unit_test(a_list_needs_no_capture),
        cmocka_unit_test(a_folder_stands_for_what_is_in_it),
        cmocka_unit_test(frames_filter_and_start_reach_the_expert),
        cmocka_unit_test(a_startup_place_that_is_none_is_named),
        cmocka_unit_test(events_go_into_the_files),
        cmocka_unit_test(no_run_shows_more_than_a_million_events),
        cmocka_unit_test(a_configuration_is_kept),
        cmocka_unit_test(a_configuration_that_lies_is_not_kept_or_read),
        cmocka_unit_test(a_torn_capture_is_run_as_far_as_it_goes),
        cmocka_unit_test(no_child_outlives_its_parent),
    };
    char temporary[MAX_PATH - 14];

    if (argument_count < 5)
        return 2;
    program = arguments[1];
    folder = arguments[2];
    examples = arguments[3];
    misbehaving = arguments[4];
    GetTempPathA(sizeof temporary, temporary);
    GetTempFileNameA(temporary, "nmh", 0, config_file);
    GetTempFileNameA(temporary, "nmh", 0, other_file);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    DeleteFileA(config_file);
    DeleteFileA(other_file);
    return failed;
}
