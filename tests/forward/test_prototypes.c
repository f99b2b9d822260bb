/*
 * test_prototypes.c - links every function against Nmapi.lib by the prototypes of netmon.h and
 * nmapi.h. On x86 the names that a compiler asks for contain the convention and the argument bytes,
 * so they must agree with the table. Functions without a prototype are asked for by the names in
 * the SDK's own import libraries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <windows.h>

#include <netmon.h>

#include <nmapi.h>

#include <cmocka.h>

typedef void (*any_function)(void);

/* clang-format off */
/* As many arguments as have so many bytes on x86. */
#define ARGUMENTS_0 void
#define ARGUMENTS_4 int
#define ARGUMENTS_8 int, int
#define ARGUMENTS_12 int, int, int
#define ARGUMENTS_16 int, int, int, int
#define ARGUMENTS_20 int, int, int, int, int
#define ARGUMENTS_32 int, int, int, int, int, int, int, int
#define ARGUMENTS_36 int, int, int, int, int, int, int, int, int
#define ARGUMENTS_40 int, int, int, int, int, int, int, int, int, int
#define CONVENTION_stdcall __stdcall
#define CONVENTION_cdecl

#define DECLARED_pointer(...)
#define DECLARED_value(...)
#define DECLARED_bool(...)
#define DECLARED_status(...)
#define DECLARED_void(...)
#define DECLARED_unknown(name, convention, arguments) void convention name(arguments);

#define OURS(...)
#define FORWARDED(name, convention, bytes, returns, ...) \
    DECLARED_##returns(name, CONVENTION_##convention, ARGUMENTS_##bytes)
#define GUARDED(...)
#include "forward/exports.h"
/* clang-format on */

static const struct {
    const char *name;
    any_function function;
} linked[] = {
/* clang-format off */
#define OURS(name, ...) {#name, (any_function)name},
#define FORWARDED(name, ...) {#name, (any_function)name},
#define GUARDED(name, ...) {#name, (any_function)name},
#include "forward/exports.h"
    /* clang-format on */
};

static void every_prototype_links_to_the_export_of_its_name(void **state)
{
    HMODULE dll = GetModuleHandleA("Nmapi.dll");
    (void)state;
    assert_non_null(dll);
    for (size_t i = 0; i < sizeof linked / sizeof *linked; i++) {
        const unsigned char *code = (const unsigned char *)(ULONG_PTR)linked[i].function;
        void *exported = (void *)(ULONG_PTR)GetProcAddress(dll, linked[i].name);
        /* Without dllimport the linker puts a jump through the import table in between. */
        ULONG_PTR cell = 0;
        assert_int_equal(code[0] << 8 | code[1], 0xff25);
        for (int byte = 3; byte >= 0; byte--)
            cell = cell << 8 | code[2 + byte];
#ifdef _WIN64
        cell = (ULONG_PTR)(code + 6) + (ULONG_PTR)(LONG_PTR)(LONG)cell;
#endif
        if (*(void **)cell != exported)
            fail_msg("%s is linked to another function", linked[i].name);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prototype_links_to_the_export_of_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
