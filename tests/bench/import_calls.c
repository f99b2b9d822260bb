#include "import_calls.h"

#include <string.h>

static volatile LONG memory_calls, thread_calls;

void import_calls(double *memory, double *threads)
{
    *memory = (double)(ULONG)memory_calls;
    *threads = (double)(ULONG)thread_calls;
}

static LPVOID WINAPI count_alloc(LPVOID address, SIZE_T size, DWORD type, DWORD protect)
{
    InterlockedIncrement(&memory_calls);
    return VirtualAlloc(address, size, type, protect);
}

static BOOL WINAPI count_free(LPVOID address, SIZE_T size, DWORD type)
{
    InterlockedIncrement(&memory_calls);
    return VirtualFree(address, size, type);
}

static BOOL WINAPI count_protect(LPVOID address, SIZE_T size, DWORD protect, DWORD *old)
{
    InterlockedIncrement(&memory_calls);
    return VirtualProtect(address, size, protect, old);
}

static SIZE_T WINAPI count_query(LPCVOID address, MEMORY_BASIC_INFORMATION *info, SIZE_T size)
{
    InterlockedIncrement(&memory_calls);
    return VirtualQuery(address, info, size);
}

static void WINAPI count_sleep(DWORD milliseconds)
{
    InterlockedIncrement(&thread_calls);
    Sleep(milliseconds);
}

static BOOL WINAPI count_switch(void)
{
    InterlockedIncrement(&thread_calls);
    return SwitchToThread();
}

static DWORD WINAPI count_wait(HANDLE handle, DWORD milliseconds)
{
    InterlockedIncrement(&thread_calls);
    return WaitForSingleObject(handle, milliseconds);
}

static const struct {
    const char *name;
    void *function;
} counters[] = {
    {"VirtualAlloc", (void *)count_alloc},
    {"VirtualFree", (void *)count_free},
    {"VirtualProtect", (void *)count_protect},
    {"VirtualQuery", (void *)count_query},
    {"Sleep", (void *)count_sleep},
    {"SwitchToThread", (void *)count_switch},
    {"WaitForSingleObject", (void *)count_wait},
};

static IMAGE_NT_HEADERS *headers_of(HMODULE module)
{
    return (IMAGE_NT_HEADERS *)((char *)module + ((IMAGE_DOS_HEADER *)module)->e_lfanew);
}

/* The import table lies in read-only pages once the module is loaded. */
static void replace(void **slot, void *function)
{
    DWORD old;

    if (VirtualProtect(slot, sizeof *slot, PAGE_READWRITE, &old)) {
        *slot = function;
        VirtualProtect(slot, sizeof *slot, old, &old);
    }
}

static void count_imports(char *base, const IMAGE_THUNK_DATA *names, IMAGE_THUNK_DATA *addresses)
{
    for (; names->u1.AddressOfData != 0; names++, addresses++) {
        const IMAGE_IMPORT_BY_NAME *import =
            (const IMAGE_IMPORT_BY_NAME *)(base + (SIZE_T)names->u1.AddressOfData);

        if (IMAGE_SNAP_BY_ORDINAL(names->u1.Ordinal))
            continue;
        for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
            if (strcmp((const char *)import->Name, counters[i].name) == 0)
                replace((void **)addresses, counters[i].function);
        }
    }
}

void import_calls_count(HMODULE module)
{
    char *base = (char *)module;
    const IMAGE_DATA_DIRECTORY *directory =
        &headers_of(module)->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
    const IMAGE_IMPORT_DESCRIPTOR *at =
        (const IMAGE_IMPORT_DESCRIPTOR *)(base + directory->VirtualAddress);

    for (; directory->VirtualAddress != 0 && at->FirstThunk != 0; at++)
        count_imports(base, (const IMAGE_THUNK_DATA *)(base + at->OriginalFirstThunk),
                      (IMAGE_THUNK_DATA *)(base + at->FirstThunk));
}

size_t import_writable_image(HMODULE module)
{
    IMAGE_NT_HEADERS *headers = headers_of(module);
    const IMAGE_SECTION_HEADER *at = IMAGE_FIRST_SECTION(headers);
    size_t sum = 0;

    for (unsigned i = 0; i < headers->FileHeader.NumberOfSections; i++, at++) {
        if ((at->Characteristics & IMAGE_SCN_MEM_WRITE) != 0)
            sum += (at->Misc.VirtualSize + 4095) & ~(size_t)4095;
    }
    return sum;
}
