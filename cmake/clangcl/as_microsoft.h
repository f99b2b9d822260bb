/* Included before all else: what Microsoft's compiler would see of the sources, as far as clang-cl
   and mingw-w64's headers can show it. They need the two macros, the sources choose by them. */
#include <windows.h>
#include <psdk_inc/intrin-impl.h>
#include <immintrin.h>
#undef __GNUC__
#undef __clang__
#undef _ReadWriteBarrier
void _ReadWriteBarrier(void);
#undef __forceinline
#define __forceinline inline __attribute__((always_inline))
