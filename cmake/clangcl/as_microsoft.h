/* Included before all else: what Microsoft's compiler would see of the sources, as far as clang-cl
   and mingw-w64's headers can show it. These need the two macros, the sources choose by them. What
   that compiler does not know is an error from here on. */
#include <windows.h>
#include <immintrin.h>
#include <inttypes.h>
#include <math.h>
#include <psapi.h>
#include <psdk_inc/intrin-impl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tlhelp32.h>
#include <winioctl.h>
#undef __GNUC__
#undef __clang__
#undef _ReadWriteBarrier
void _ReadWriteBarrier(void);
#undef __forceinline /* else a macro with attributes; clang-cl has it as Microsoft does */
#define __attribute__(attributes) no_attribute_by_microsoft
#define __asm__ no_asm_by_microsoft
#define __extension__ no_extension_by_microsoft
#define __typeof__ no_typeof_by_microsoft
