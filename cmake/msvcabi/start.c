/* How a program for the MSVC ABI starts on msvcrt.dll, where there is no Visual Studio to bring
   it. */
#include <stdlib.h>

struct start_info {
    int new_mode;
};

int __cdecl __getmainargs(int *argc, char ***argv, char ***environment, int wildcards,
                          struct start_info *info);
int __cdecl atexit(void(__cdecl *function)(void));
int __cdecl main(int argc, char **argv, char **environment);
void mainCRTStartup(void);
/* mingw-w64's mathematics reports errors here. */
void __mingw_raise_matherr(int kind, const char *name, double first, double second, double result);

/* The compiler asks for it wherever floating point is used. */
extern int _fltused;
int _fltused = 0x9875;

int __cdecl atexit(void(__cdecl *function)(void))
{
    return _onexit((_onexit_t)function) ? 0 : -1;
}

void __mingw_raise_matherr(int kind, const char *name, double first, double second, double result)
{
    (void)kind;
    (void)name;
    (void)first;
    (void)second;
    (void)result;
}

void mainCRTStartup(void)
{
    struct start_info info = {0};
    int argc = 0;
    char **argv = NULL;
    char **environment = NULL;

    __getmainargs(&argc, &argv, &environment, 0, &info);
    exit(main(argc, argv, environment));
}
