/*
 * dllmain.c - attach, detach and unload. It runs under the loader lock, so it loads nothing. It
 * waits for no thread, except with reclaim=thread for the DLL's own short locks.
 */
#include "base/options.h"
#include "base/permanent.h"
#include "expert/closing.h"
#include "expert/reclaim.h"
#include "expert/snapshot.h"
#include "forward/forward.h"
#include "heap/record_heap.h"
#include "heap/shared.h"
#include "pages/region.h"

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved);

static void thread_ends(void)
{
    struct thread *self = thread_self();

    if (!self)
        return;
    if (options.reclaim_thread)
        reclaim_experts(self, 1);
    thread_leave(self);
}

/* FreeLibrary: the caller sees to it that no thread is inside and none will come. */
static void unload(void)
{
    snapshot_shutdown();
    table_shutdown();
    record_heap_shutdown();
    shared_shutdown();
    region_shutdown();
    permanent_shutdown();
    thread_shutdown();
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    if (reason == DLL_PROCESS_ATTACH) {
        forward_attach(module);
        os_attach();
        options_read();
    } else if (reason == DLL_THREAD_DETACH) {
        thread_ends();
    } else if (reason == DLL_PROCESS_DETACH) {
        closing_report_open();
        if (!reserved) /* at the process's end the system takes everything itself */
            unload();
    }
    return TRUE;
}
