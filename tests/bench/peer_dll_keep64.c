/* Ours again, from a copy of the DLL that keeps 64 MiB: on x86 the default is 16. */
#define PEER_DLL peer_dll_keep64
#define PEER_DLL_NAME "nmapi-64M"
#define PEER_DLL_FLAGS (PEER_SHARED | PEER_OURS | PEER_KEEPS)
#define PEER_DLL_OPTIONS "keep=64M"

#include "peer_dll.c"
