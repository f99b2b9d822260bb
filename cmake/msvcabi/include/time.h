/* mingw-w64's <time.h> needs a macro that its <_mingw.h> takes back for compilers that call
   themselves Microsoft's. */
#include <_mingw.h>
#ifndef __MINGW_IMPORT
#define __MINGW_IMPORT extern __declspec(dllimport)
#endif
#include_next <time.h>
