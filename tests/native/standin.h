/*
 * standin.h - what tests ask of the stand-in beyond the Win32 calls themselves.
 */
#pragma once

#include <windows.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Threads made by CreateThread call the DllMain given here with DLL_THREAD_ATTACH when they begin
 * and with DLL_THREAD_DETACH when they end, unless TerminateThread ends them. A thread made by
 * other means calls it on its end once the stand-in knows it (it asked for its id or handle, or set
 * a TLS value).
 *
 * A thread inside a stand-in call is taken to be in the kernel: it is suspended or killed only on
 * its way out. Outside of one it is suspended or killed at any instruction (under ThreadSanitizer
 * at its next atomic operation or intercepted call, since that defers signals), so a thread that is
 * to be killed or suspended should not call malloc or stdio, as on Windows. A killed thread's own
 * stack frames are left by a long jump.
 */
typedef BOOL(WINAPI *standin_dllmain)(HINSTANCE instance, DWORD reason, LPVOID reserved);
void standin_set_dllmain(standin_dllmain dllmain);

/*
 * Failing calls. A name is that of a Win32 function, such as "VirtualAlloc", or, narrower,
 * "VirtualAlloc.reserve" (any that reserves) or "VirtualAlloc.commit" (any that commits only). NULL
 * is every function that may fail, but for those that only tests call (CreateThread,
 * TerminateThread, the events, ReadFile and such), which fail by name alone. Names that are unknown
 * end the process.
 */

/* Makes the n-th such call from now fail (1: the next), and with `forever` all later ones as well.
   Replaces what was asked for before. */
void standin_fail_at(const char *name, unsigned long n, BOOL forever);
/* Ends what standin_fail_at began. */
void standin_fail_never(void);
/* How many calls the last standin_fail_at has made fail. */
unsigned long standin_failed(void);
/* How many such calls were made since the process began. */
unsigned long standin_calls(const char *name);

/* The number of calls since the process began that are system calls on Windows: of the Virtual
   functions; of threads, handles, waits, Sleep and SwitchToThread; of files. Failed ones count. */
enum standin_kind { STANDIN_NONE, STANDIN_MEMORY, STANDIN_THREADS, STANDIN_FILES, STANDIN_KINDS };
unsigned long standin_system_calls(enum standin_kind kind);

/* Called on the calling thread before (after: FALSE) and after each call that standin_fail_at can
   make fail by NULL. It may end or kill its own thread; stand-in calls made inside don't call it
   again. NULL: none. */
typedef void (*standin_call_hook)(const char *name, BOOL after);
void standin_on_call(standin_call_hook hook);

/* What is in use now. */
struct standin_usage {
    SIZE_T reservations; /* regions reserved and not yet released */
    SIZE_T reserved;     /* bytes of address space in them, committed ones included */
    SIZE_T committed;    /* bytes committed, PAGE_NOACCESS ones included */
    SIZE_T handles;      /* handles open, of files, events, and threads */
    SIZE_T tls_indexes;  /* TlsAlloc without TlsFree */
    SIZE_T threads;      /* threads that the stand-in knows and that have not ended */
};
void standin_get_usage(struct standin_usage *usage);
/* Memory that the stand-in has mapped for its own notes, which a system's kernel would keep. */
SIZE_T standin_own_bytes(void);

/* The highest number of bytes that may be committed at a time; to begin with the machine's memory.
   What is beyond fails with ERROR_COMMITMENT_LIMIT. */
void standin_set_commit_limit(SIZE_T bytes);

/* Makes TlsAlloc return only indexes from 64 up, as if the first 64 were taken. */
void standin_use_tls_expansion(BOOL on);

/* All that OutputDebugString got, as UTF-8, since the last clear (the first 64 KiB). With the
   environment variable STANDIN_DEBUG set it goes to stderr too. */
const char *standin_debug_text(void);
void standin_clear_debug_text(void);

/* What the module calls do; a NULL member fails. The wide calls come here too, as UTF-8.
   `exists` answers GetFileAttributes; NULL: the file system does. */
struct standin_module_hooks {
    DWORD (*file_name)(HMODULE module, LPSTR buffer, DWORD size);
    HMODULE (*load)(LPCSTR name, DWORD flags);
    FARPROC (*address)(HMODULE module, LPCSTR name);
    BOOL (*release)(HMODULE module);
    BOOL (*exists)(LPCSTR name);
    HMODULE (*find)(LPCSTR name); /* GetModuleHandle with a name */
};
void standin_set_module_hooks(const struct standin_module_hooks *hooks);

/* Runs function(argument) instruction by instruction on the calling thread, those inside stand-in
   calls not counted, and calls `at` before instruction n (0: the first). `at` may end or kill its
   own thread, wait for what other threads do, or return, and then the rest runs at full speed.
   Returns how many instructions were counted, n or fewer: fewer if the function ended before. Not
   under ThreadSanitizer or Valgrind. */
unsigned long standin_step(void (*function)(void *), void *argument, unsigned long n,
                           void (*at)(void *), void *at_argument);
/* The calling thread's steps are from now on those behind an instruction that `counts`, besides the
   first one and those behind stand-in calls; NULL: all. */
void standin_step_count(BOOL (*counts)(const void *instruction));
/* FALSE under ThreadSanitizer, and where branches are counted (native-cov): a thread that dies
   between a branch and its counter leaves a wrong count. */
BOOL standin_can_step(void);
/* From now on records the address of each counted instruction, at most `room` of them; NULL: no
   more. */
void standin_step_trace(void **addresses, unsigned long room);

/* Runs function(argument); TRUE if it ended with an access violation. *fault (may be NULL) gets the
   address. */
BOOL standin_faults(void (*function)(void *), void *argument, void **fault);

/* TRUE when built with ThreadSanitizer. */
BOOL standin_under_tsan(void);
BOOL standin_is_slow(void); /* TRUE with a sanitizer, where single steps take very long */

#ifdef __cplusplus
}
#endif
