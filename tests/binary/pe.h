/*
 * pe.h - reads a DLL's file without loading it.
 */
#pragma once

#include <windows.h>

struct pe {
    BYTE *bytes;
    DWORD size;
    IMAGE_NT_HEADERS *headers;
    const IMAGE_SECTION_HEADER *sections;
};

/* 0: no such file, or not for the architecture of this program (x86 or x64). */
int pe_open(struct pe *pe, const char *path);
void pe_close(struct pe *pe);

/* The bytes at an address relative to the image; NULL if the file has none there. */
const void *pe_at(const struct pe *pe, DWORD rva, DWORD bytes);
const IMAGE_SECTION_HEADER *pe_section_of(const struct pe *pe, DWORD rva);
/* A directory's address and size; NULL if it is empty. */
const IMAGE_DATA_DIRECTORY *pe_directory(const struct pe *pe, unsigned index);
