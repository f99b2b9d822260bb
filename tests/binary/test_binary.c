/* test_binary.c - what the file Nmapi.dll promises a loader: test_binary DLL DEF
   WINDOWS2000-NAMES */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pe.h"

#define MOST_NAMES 4096

static struct pe dll;
static const char *dll_path, *def_path, *windows2000_path;

struct names {
    char *name[MOST_NAMES];
    unsigned count;
};

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add(struct names *names, const char *text)
{
    char *copy = malloc(strlen(text) + 1);

    assert_non_null(copy);
    assert_true(names->count < MOST_NAMES);
    strcpy(copy, text);
    names->name[names->count++] = copy;
}

static void drop(struct names *names)
{
    while (names->count)
        free(names->name[--names->count]);
}

/* The first word of each line after the one that is `after` (NULL: of all lines). */
static void read_words(struct names *names, const char *path, const char *after)
{
    char line[512];
    FILE *file = fopen(path, "r");

    names->count = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char word[256];
        if (sscanf(line, "%255s", word) != 1 || word[0] == ';' || word[0] == '#')
            continue;
        if (after) {
            if (strcmp(word, after) == 0)
                after = NULL;
            continue;
        }
        add(names, word);
    }
    fclose(file);
    qsort(names->name, names->count, sizeof names->name[0], compare);
}

static const char *text_at(DWORD rva)
{
    const char *text = pe_at(&dll, rva, 1);

    assert_non_null(text);
    return text;
}

static const IMAGE_EXPORT_DIRECTORY *export_directory(void)
{
    const IMAGE_DATA_DIRECTORY *directory = pe_directory(&dll, IMAGE_DIRECTORY_ENTRY_EXPORT);
    const IMAGE_EXPORT_DIRECTORY *exports;

    assert_non_null(directory);
    exports = pe_at(&dll, directory->VirtualAddress, sizeof *exports);
    assert_non_null(exports);
    return exports;
}

static void exports_are_the_names_in_the_def_file(void **state)
{
    const IMAGE_EXPORT_DIRECTORY *exports = export_directory();
    const DWORD *rvas =
        pe_at(&dll, exports->AddressOfNames, (DWORD)(exports->NumberOfNames * sizeof(DWORD)));
    struct names wanted;
    struct names found = {.count = 0};

    (void)state;
    assert_non_null(rvas);
    read_words(&wanted, def_path, "EXPORTS");
    for (DWORD i = 0; i < exports->NumberOfNames; i++)
        add(&found, text_at(rvas[i]));
    qsort(found.name, found.count, sizeof found.name[0], compare);
    for (unsigned i = 0; i < wanted.count && i < found.count; i++)
        assert_string_equal(found.name[i], wanted.name[i]);
    assert_int_equal(found.count, wanted.count);
    assert_string_equal(text_at(exports->Name), "Nmapi.dll");
    drop(&wanted);
    drop(&found);
}

static void exports_are_undecorated(void **state)
{
    const IMAGE_EXPORT_DIRECTORY *exports = export_directory();
    const DWORD *rvas =
        pe_at(&dll, exports->AddressOfNames, (DWORD)(exports->NumberOfNames * sizeof(DWORD)));

    (void)state;
    assert_non_null(rvas);
    for (DWORD i = 0; i < exports->NumberOfNames; i++) {
        assert_null(strpbrk(text_at(rvas[i]), "@?"));
        assert_int_not_equal(text_at(rvas[i])[0], '_');
    }
}

static void exports_are_functions(void **state)
{
    const IMAGE_EXPORT_DIRECTORY *exports = export_directory();
    const IMAGE_DATA_DIRECTORY *directory = pe_directory(&dll, IMAGE_DIRECTORY_ENTRY_EXPORT);
    const DWORD *functions = pe_at(&dll, exports->AddressOfFunctions,
                                   (DWORD)(exports->NumberOfFunctions * sizeof(DWORD)));
    const WORD *ordinals =
        pe_at(&dll, exports->AddressOfNameOrdinals, (DWORD)(exports->NumberOfNames * sizeof(WORD)));

    (void)state;
    assert_non_null(functions);
    assert_non_null(ordinals);
    for (DWORD i = 0; i < exports->NumberOfNames; i++) {
        DWORD rva = functions[ordinals[i]];
        const IMAGE_SECTION_HEADER *section = pe_section_of(&dll, rva);
        assert_non_null(section);
        if (rva - directory->VirtualAddress < directory->Size)
            continue; /* a forwarder to the original DLL */
        assert_true(section->Characteristics & IMAGE_SCN_MEM_EXECUTE);
        assert_false(section->Characteristics & IMAGE_SCN_MEM_WRITE);
    }
}

static const IMAGE_IMPORT_DESCRIPTOR *imports(void)
{
    const IMAGE_DATA_DIRECTORY *directory = pe_directory(&dll, IMAGE_DIRECTORY_ENTRY_IMPORT);
    const IMAGE_IMPORT_DESCRIPTOR *first;

    assert_non_null(directory);
    first = pe_at(&dll, directory->VirtualAddress, 2 * sizeof *first);
    assert_non_null(first);
    return first;
}

static void imports_kernel32_and_nothing_else(void **state)
{
    const IMAGE_IMPORT_DESCRIPTOR *import = imports();

    (void)state;
    assert_int_equal(_stricmp(text_at(import[0].Name), "KERNEL32.dll"), 0);
    assert_int_equal(import[1].Name, 0);
    assert_null(pe_directory(&dll, IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT));
    assert_null(pe_directory(&dll, IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR));
}

static void imports_only_what_windows_2000_has(void **state)
{
    const IMAGE_IMPORT_DESCRIPTOR *import = imports();
    const IMAGE_THUNK_DATA *thunk;
    struct names known;

    (void)state;
    read_words(&known, windows2000_path, NULL);
    thunk = pe_at(&dll, import->OriginalFirstThunk, sizeof *thunk);
    assert_non_null(thunk);
    assert_true(thunk->u1.AddressOfData != 0);
    for (; thunk->u1.AddressOfData; thunk++) {
        const char *name;
        assert_false(IMAGE_SNAP_BY_ORDINAL(thunk->u1.Ordinal));
        name = text_at((DWORD)thunk->u1.AddressOfData + (DWORD)sizeof(WORD));
        if (!bsearch(&name, known.name, known.count, sizeof known.name[0], compare))
            fail_msg("%s is not in %s", name, windows2000_path);
    }
    drop(&known);
}

static void has_no_tls_directory(void **state)
{
    (void)state;
    assert_null(pe_directory(&dll, IMAGE_DIRECTORY_ENTRY_TLS));
}

static void states_a_subsystem_that_windows_2000_accepts(void **state)
{
    const IMAGE_OPTIONAL_HEADER *header = &dll.headers->OptionalHeader;
    unsigned version = header->MajorSubsystemVersion * 100U + header->MinorSubsystemVersion;

    (void)state;
    assert_int_equal(header->Subsystem, IMAGE_SUBSYSTEM_WINDOWS_GUI);
#ifdef _WIN64
    assert_in_range(version, 400, 502); /* the first Windows for x64 is 5.2 */
#else
    assert_in_range(version, 400, SUBSYSTEM_MOST);
#endif
    assert_true(header->MajorOperatingSystemVersion <= 5);
}

static void is_for_aslr_and_dep(void **state)
{
    WORD bits = dll.headers->OptionalHeader.DllCharacteristics;

    (void)state;
    assert_true(bits & IMAGE_DLLCHARACTERISTICS_NX_COMPAT);
    assert_true(bits & IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE);
    assert_false(dll.headers->FileHeader.Characteristics & IMAGE_FILE_RELOCS_STRIPPED);
    assert_non_null(pe_directory(&dll, IMAGE_DIRECTORY_ENTRY_BASERELOC));
#ifdef _WIN64
    assert_true(bits & 0x0020 /* IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA */);
    assert_true(dll.headers->FileHeader.Characteristics & IMAGE_FILE_LARGE_ADDRESS_AWARE);
#endif
}

static void has_no_section_both_writable_and_executable(void **state)
{
    (void)state;
    for (unsigned i = 0; i < dll.headers->FileHeader.NumberOfSections; i++) {
        DWORD bits = dll.sections[i].Characteristics;
        assert_false((bits & IMAGE_SCN_MEM_WRITE) && (bits & IMAGE_SCN_MEM_EXECUTE));
        assert_false(bits & IMAGE_SCN_MEM_SHARED);
    }
}

static void refuses_handlers_on_the_stack(void **state)
{
    (void)state;
#ifndef _WIN64
    if (!(dll.headers->OptionalHeader.DllCharacteristics & IMAGE_DLLCHARACTERISTICS_NO_SEH)) {
        const IMAGE_DATA_DIRECTORY *directory =
            pe_directory(&dll, IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG);
        const IMAGE_LOAD_CONFIG_DIRECTORY32 *config;
        assert_non_null(directory);
        config = pe_at(&dll, directory->VirtualAddress,
                       offsetof(IMAGE_LOAD_CONFIG_DIRECTORY32, SEHandlerCount) + 4);
        assert_non_null(config);
        assert_true(config->Size >= offsetof(IMAGE_LOAD_CONFIG_DIRECTORY32, SEHandlerCount) + 4);
        assert_true(config->SEHandlerTable != 0 || config->SEHandlerCount == 0);
    }
#else
    /* x64 has no exception handlers on the stack; it has unwind tables. */
    assert_non_null(pe_directory(&dll, IMAGE_DIRECTORY_ENTRY_EXCEPTION));
#endif
}

static int contains_wide(const BYTE *bytes, DWORD size, const char *text)
{
    size_t length = strlen(text) + 1;

    for (DWORD at = 0; at + 2 * length <= size; at += 2) {
        size_t i = 0;
        while (i < length && bytes[at + 2 * i] == (BYTE)text[i] && !bytes[at + 2 * i + 1])
            i++;
        if (i == length)
            return 1;
    }
    return 0;
}

static void version_resource_tells_the_projects_version(void **state)
{
    HMODULE module = LoadLibraryExA(dll_path, NULL, LOAD_LIBRARY_AS_DATAFILE);
    HRSRC resource;
    const BYTE *bytes;
    DWORD size;
    DWORD at = 0;
    const VS_FIXEDFILEINFO *info;

    (void)state;
    assert_non_null(module);
    resource = FindResourceA(module, MAKEINTRESOURCEA(1), MAKEINTRESOURCEA(16));
    assert_non_null(resource);
    size = SizeofResource(module, resource);
    bytes = LockResource(LoadResource(module, resource));
    assert_non_null(bytes);
    while (at + sizeof *info <= size && *(const DWORD *)(const void *)(bytes + at) != 0xFEEF04BD)
        at += 4;
    assert_true(at + sizeof *info <= size);
    info = (const void *)(bytes + at);
    assert_int_equal(info->dwFileVersionMS, VERSION_MAJOR << 16 | VERSION_MINOR);
    assert_int_equal(info->dwFileVersionLS, VERSION_PATCH << 16);
    assert_int_equal(info->dwProductVersionMS, info->dwFileVersionMS);
    assert_int_equal(info->dwProductVersionLS, info->dwFileVersionLS);
    assert_int_equal(info->dwFileType, VFT_DLL);
    assert_true(contains_wide(bytes, size, "FileVersion"));
    assert_true(contains_wide(bytes, size, VERSION_STRING));
    assert_true(contains_wide(bytes, size, "Nmapi.dll"));
    FreeLibrary(module);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exports_are_the_names_in_the_def_file),
        cmocka_unit_test(exports_are_undecorated),
        cmocka_unit_test(exports_are_functions),
        cmocka_unit_test(imports_kernel32_and_nothing_else),
        cmocka_unit_test(imports_only_what_windows_2000_has),
        cmocka_unit_test(has_no_tls_directory),
        cmocka_unit_test(states_a_subsystem_that_windows_2000_accepts),
        cmocka_unit_test(is_for_aslr_and_dep),
        cmocka_unit_test(has_no_section_both_writable_and_executable),
        cmocka_unit_test(refuses_handlers_on_the_stack),
        cmocka_unit_test(version_resource_tells_the_projects_version),
    };
    int failed;

    if (argc != 4) {
        fprintf(stderr, "usage: test_binary DLL DEF WINDOWS2000-NAMES\n");
        return 2;
    }
    dll_path = argv[1];
    def_path = argv[2];
    windows2000_path = argv[3];
    if (!pe_open(&dll, dll_path)) {
        fprintf(stderr, "%s: not a DLL for this architecture\n", dll_path);
        return 2;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    pe_close(&dll);
    return failed;
}
