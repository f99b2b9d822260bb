/* host.c - what a host does with an expert: gets its three functions by name and calls them. Exit
   status 42: success. */
#include <windows.h>

#include <netmon.h>

static unsigned char expert; /* its address serves as the key */

int main(void)
{
    HEXPERTKEY key = (HEXPERTKEY)&expert;
    EXPERTENUMINFO info = {0};
    EXPERTSTARTUPINFO startup = {0};
    PEXPERTCONFIG config = NULL;

    HMODULE dll = LoadLibraryA("expert.dll");
    if (dll == NULL)
        return 1;
    PEXPERTREGISTERPROC do_register = (PEXPERTREGISTERPROC)(void *)GetProcAddress(dll, "Register");
    PEXPERTCONFIGPROC configure = (PEXPERTCONFIGPROC)(void *)GetProcAddress(dll, "Configure");
    PEXPERTRUNPROC run = (PEXPERTRUNPROC)(void *)GetProcAddress(dll, "Run");
    if (do_register == NULL || configure == NULL || run == NULL)
        return 2;
    if (!do_register(&info) || lstrcmpA(info.szName, "legacy") != 0)
        return 3;
    if (!configure(key, &config, &startup, 0, NULL))
        return 4;
    return run(key, config, &startup, 0, NULL) ? 42 : 5;
}
