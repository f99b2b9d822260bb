/* fuzz_format.c - the formats under libFuzzer: the input is a capture file. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "format.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    VIEW_FILE file = {(HANDLE)(uintptr_t)bytes, size};
    VIEWS views = {{&file, NULL, 0, 0}, {&file, NULL, 0, 0}};
    FORMAT format;
    FORMAT_RECORD record, again;
    ULONGLONG position;
    const char *why;

    if (format_open(&format, &views, &position, &why)) {
        while (format_read(&format, &views, position, TRUE, &record) == FORMAT_FRAME) {
            if (record.next <= position || record.data > size ||
                record.stored > size - record.data ||
                format_read(&format, &views, position, FALSE, &again) != FORMAT_FRAME ||
                again.data != record.data || again.time != record.time)
                abort();
            position = record.next;
        }
        DWORD comment = 0, offset, title_bytes;
        ULONGLONG title;
        while (format_comment(&format, &views, &comment, &offset, &title, &title_bytes)) {
            if (title + title_bytes > size)
                abort();
        }
        format_close(&format);
    }
    view_release(&views.data);
    view_release(&views.table);
    return 0;
}
