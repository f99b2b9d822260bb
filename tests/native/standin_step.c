/*
 * standin_step.c - single steps, and catching faults.
 */
#include "standin_private.h"

#include <errno.h>
#include <string.h>

void standin_add_handler(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    if (!(flags & SA_NODEFER)) {
        sigfillset(&action.sa_mask);
        sigdelset(&action.sa_mask, SIGSEGV);
        sigdelset(&action.sa_mask, SIGBUS);
    }
    if (sigaction(number, &action, NULL) != 0) {
        standin_die("sigaction failed");
    }
}

/* Single steps: the trap flag raises SIGTRAP after each instruction. */

#define TRAP_FLAG 0x100

/* Sets or clears the trap flag of the calling code. */
void standin_set_trap_flag(int on)
{
    if (on) {
        __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\t"
                         "lea 128(%%rsp), %%rsp" ::
                             : "memory", "cc");
    } else {
        __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq\n\t"
                         "lea 128(%%rsp), %%rsp" ::
                             : "memory", "cc");
    }
}

extern char standin_counters[] __attribute__((weak)); /* counters.ld */

BOOL standin_can_step(void)
{
    return !standin_under_tsan() && !standin_counters;
}

static void **trace;
static unsigned long trace_room;

void standin_step_trace(void **addresses, unsigned long room)
{
    trace = addresses;
    trace_room = room;
}

void standin_step_count(BOOL (*counts)(const void *instruction))
{
    standin_local.step_counts = counts;
}

static BOOL counts(const void *next)
{
    const void *last = standin_local.step_last;

    standin_local.step_last = next;
    return !last || !standin_local.step_counts || standin_local.step_counts(last);
}

static void on_trap(int number, siginfo_t *info, void *raw)
{
    ucontext_t *context = raw;
    int saved = errno;

    (void)number;
    (void)info;
    if (standin_local.stepping == NOT_STEPPING ||
        (standin_local.stepping == STEPPING && standin_local.depth > 0)) {
        context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
        standin_local.step_last = NULL;
    } else if (standin_local.stepping == STEPPING &&
               counts((const void *)context->uc_mcontext.gregs[REG_RIP])) {
        if (standin_local.steps == standin_local.step_limit) {
            standin_local.stepping = NOT_STEPPING;
            context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
            standin_local.step_hook(standin_local.step_argument);
        } else {
            if (trace && standin_local.steps < trace_room) {
                trace[standin_local.steps] = (void *)context->uc_mcontext.gregs[REG_RIP];
            }
            standin_local.steps++;
        }
    }
    errno = saved;
}

unsigned long standin_step(void (*function)(void *), void *argument, unsigned long n,
                           void (*at)(void *), void *at_argument)
{
    static int installed;

    if (!__atomic_exchange_n(&installed, 1, __ATOMIC_ACQ_REL)) {
        standin_add_handler(SIGTRAP, on_trap, SA_NODEFER);
    }
    standin_local.steps = 0;
    standin_local.step_last = NULL;
    standin_local.step_limit = n;
    standin_local.step_hook = at;
    standin_local.step_argument = at_argument;
    standin_local.stepping = STEPPING_SETUP;
    standin_set_trap_flag(1);
    standin_local.stepping = STEPPING;
    function(argument);
    standin_local.stepping = STEPPING_SETUP;
    standin_set_trap_flag(0);
    standin_local.stepping = NOT_STEPPING;
    return standin_local.steps;
}

/* Faults */

static struct sigaction fault_before[2]; /* SIGSEGV, SIGBUS */

static void on_fault(int number, siginfo_t *info, void *context)
{
    struct sigaction *before = &fault_before[number == SIGBUS];

    if (standin_local.fault_return) {
        sigjmp_buf *to = standin_local.fault_return;
        standin_local.fault_address = info->si_addr;
        standin_local.fault_return = NULL;
        siglongjmp(*to, 1);
    }
    if (before->sa_flags & SA_SIGINFO) {
        before->sa_sigaction(number, info, context);
    } else {
        sigaction(number, before, NULL); /* and the instruction faults again */
    }
}

/* Test frameworks put handlers of their own there for each test. */
static void catch_faults(int number)
{
    struct sigaction now;

    sigaction(number, NULL, &now);
    if (!(now.sa_flags & SA_SIGINFO) || now.sa_sigaction != on_fault) {
        fault_before[number == SIGBUS] = now;
        standin_add_handler(number, on_fault, SA_NODEFER);
    }
}

BOOL standin_faults(void (*function)(void *), void *argument, void **fault)
{
    sigjmp_buf here;

    standin_enter();
    catch_faults(SIGSEGV);
    catch_faults(SIGBUS);
    standin_leave();
    if (sigsetjmp(here, 1) == 0) {
        standin_local.fault_return = &here;
        standin_barrier();
        function(argument);
        standin_barrier();
        standin_local.fault_return = NULL;
        return FALSE;
    }
    if (fault) {
        *fault = standin_local.fault_address;
    }
    return TRUE;
}
