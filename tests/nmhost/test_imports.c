/* test_imports.c - nmhost.exe's file: on x86 it imports only what windows2000.txt lists, and states
   that Windows 2000 is enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <windows.h>

#include <cmocka.h>

#include "pe.h"

static const char *program, *list_path;
static char list[16 * 1024];

/* Whether the list names the function under its DLL. */
static int has(const char *dll, const char *function)
{
    char line[128];
    const char *at;

    snprintf(line, sizeof line, "\n%s\n", dll);
    at = strstr(list, line);
    if (at == NULL)
        return 0;
    at += strlen(line) - 1;
    snprintf(line, sizeof line, "\n%s\n", function);
    const char *found = strstr(at, line), *next = strstr(at, ".dll\n");
    return found != NULL && (next == NULL || found < next);
}

static const char *text_at(const struct pe *pe, DWORD rva)
{
    const char *text = pe_at(pe, rva, 1);
    assert_non_null(text);
    return text;
}

static void imports_only_what_the_list_has(void **state)
{
    const IMAGE_DATA_DIRECTORY *directory;
    const IMAGE_IMPORT_DESCRIPTOR *import;
    DWORD functions = 0;
    struct pe pe;
    (void)state;

    assert_int_not_equal(pe_open(&pe, program), 0);
    directory = pe_directory(&pe, IMAGE_DIRECTORY_ENTRY_IMPORT);
    assert_non_null(directory);
    import = pe_at(&pe, directory->VirtualAddress, sizeof *import);
    assert_non_null(import);
    for (; import->Name != 0; import++) {
        const char *dll = text_at(&pe, import->Name);
        DWORD rva = import->OriginalFirstThunk;
        for (;; rva += (DWORD)sizeof(IMAGE_THUNK_DATA)) {
            const IMAGE_THUNK_DATA *thunk = pe_at(&pe, rva, sizeof *thunk);
            assert_non_null(thunk);
            if (thunk->u1.AddressOfData == 0)
                break;
            assert_false(IMAGE_SNAP_BY_ORDINAL(thunk->u1.Ordinal));
            const char *name = text_at(&pe, (DWORD)thunk->u1.AddressOfData + (DWORD)sizeof(WORD));
            if (!has(dll, name))
                fail_msg("%s of %s is not in %s", name, dll, list_path);
            functions++;
        }
    }
    assert_true(functions > 50);
    pe_close(&pe);
}

static void states_windows_2000s_version_or_an_earlier_one(void **state)
{
    const IMAGE_OPTIONAL_HEADER *header;
    struct pe pe;
    (void)state;

    assert_int_not_equal(pe_open(&pe, program), 0);
    header = &pe.headers->OptionalHeader;
    assert_int_equal(header->Subsystem, IMAGE_SUBSYSTEM_WINDOWS_CUI);
    assert_true(header->MajorSubsystemVersion * 100 + header->MinorSubsystemVersion <= 500);
    pe_close(&pe);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imports_only_what_the_list_has),
        cmocka_unit_test(states_windows_2000s_version_or_an_earlier_one),
    };
    if (argument_count < 3)
        return 2;
    program = arguments[1];
    list_path = arguments[2];
    FILE *file = fopen(list_path, "r");
    if (file == NULL)
        return 2;
    list[fread(list, 1, sizeof list - 1, file)] = '\0';
    fclose(file);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
