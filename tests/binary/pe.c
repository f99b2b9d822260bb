#include "pe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int pe_open(struct pe *pe, const char *path)
{
    FILE *file = fopen(path, "rb");
    long size;
    const IMAGE_DOS_HEADER *dos;

    memset(pe, 0, sizeof *pe);
    if (!file)
        return 0;
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    pe->size = (DWORD)size;
    pe->bytes = malloc(pe->size);
    if (!pe->bytes || fread(pe->bytes, 1, pe->size, file) != pe->size)
        pe->size = 0;
    fclose(file);

    if (pe->size < sizeof *dos)
        return 0;
    dos = (const void *)pe->bytes;
    if (dos->e_magic != IMAGE_DOS_SIGNATURE ||
        (DWORD)dos->e_lfanew + sizeof *pe->headers > pe->size)
        return 0;
    pe->headers = (void *)(pe->bytes + dos->e_lfanew);
    pe->sections = IMAGE_FIRST_SECTION(pe->headers);
    return pe->headers->Signature == IMAGE_NT_SIGNATURE &&
           pe->headers->OptionalHeader.Magic == IMAGE_NT_OPTIONAL_HDR_MAGIC;
}

void pe_close(struct pe *pe)
{
    free(pe->bytes);
    pe->bytes = NULL;
}

const IMAGE_SECTION_HEADER *pe_section_of(const struct pe *pe, DWORD rva)
{
    for (unsigned i = 0; i < pe->headers->FileHeader.NumberOfSections; i++) {
        const IMAGE_SECTION_HEADER *section = &pe->sections[i];
        if (rva >= section->VirtualAddress &&
            rva - section->VirtualAddress < section->Misc.VirtualSize)
            return section;
    }
    return NULL;
}

const void *pe_at(const struct pe *pe, DWORD rva, DWORD bytes)
{
    const IMAGE_SECTION_HEADER *section = pe_section_of(pe, rva);
    DWORD offset;

    if (!section)
        return NULL;
    offset = rva - section->VirtualAddress;
    if (offset > section->SizeOfRawData || section->SizeOfRawData - offset < bytes)
        return NULL;
    return pe->bytes + section->PointerToRawData + offset;
}

const IMAGE_DATA_DIRECTORY *pe_directory(const struct pe *pe, unsigned index)
{
    const IMAGE_DATA_DIRECTORY *directory = &pe->headers->OptionalHeader.DataDirectory[index];

    if (index >= pe->headers->OptionalHeader.NumberOfRvaAndSizes || !directory->Size)
        return NULL;
    return directory;
}
