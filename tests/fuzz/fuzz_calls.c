/*
 * fuzz_calls.c - libFuzzer's way in: each input is a series of calls (drive.h).
 */
#include "drive.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    drive(bytes, count, 1);
    return 0;
}
