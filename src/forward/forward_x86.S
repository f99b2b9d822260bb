/*
 * The exported functions that are not ours, x86 (GNU syntax; forward_x86.asm is the same for MASM).
 *
 * An export jumps through its slot with every register and the stack as the caller left them. Only
 * a function that is not resolved yet, or that knows termination, goes by way of forward_enter,
 * which asks forward_target (forward.c) where to go; eax carries no argument in any convention.
 */
        .text

        .macro DECORATED name, convention, bytes
        .p2align 4
        .ifc \convention, stdcall
        .globl  _\name\()@\bytes
_\name\()@\bytes:
        .else
        .globl  _\name
_\name:
        .endif
        .endm

        .macro STUBS name, bytes, failure
        .globl _forward_behind_\name, _forward_resolve_\name, _forward_failure_\name
        .p2align 4
_forward_behind_\name:
        jmp     *_forward_behinds+4*forward_index
_forward_resolve_\name:
        movl    $forward_index, %eax
        jmp     forward_enter
_forward_failure_\name:
        movl    $\failure, %eax
        cltd /* for those that return 64 bits */
        ret     $\bytes
        .set    forward_index, forward_index + 1
        .endm

        .macro FORWARDED name, convention, bytes, returns, failure
        DECORATED \name, \convention, \bytes
        jmp     *_forward_slots+4*forward_index
        STUBS   \name, \bytes, \failure
        .endm

        .macro GUARDED name, convention, bytes, returns, failure
        DECORATED \name, \convention, \bytes
        movl    $forward_index, %eax
        jmp     forward_enter
        .globl  _forward_stopped_\name
_forward_stopped_\name:
        movl    $125, %eax /* NMERR_EXPERT_TERMINATE */
        ret     $\bytes
        STUBS   \name, \bytes, \failure
        .endm

/* eax: the function's index. The first argument (if there is one) lies above the return address. */
        .p2align 4
forward_enter:
        pushl   %ecx
        pushl   %edx
        pushl   12(%esp)
        pushl   %eax
        call    _forward_target
        addl    $8, %esp
        popl    %edx
        popl    %ecx
        jmp     *%eax

/* Whether the calling thread holds the loader lock: PEB.LoaderLock->OwningThread is its id. */
        .globl  _forward_in_loader
        .p2align 4
_forward_in_loader:
        movl    %fs:0x30, %eax
        movl    0xa0(%eax), %edx
        xorl    %eax, %eax
        testl   %edx, %edx
        jz      1f
        movl    %fs:0x24, %ecx
        cmpl    %ecx, 0xc(%edx)
        sete    %al
1:      ret

#define OURS(...)
#define FORWARDED(...) FORWARDED __VA_ARGS__
#define GUARDED(...) GUARDED __VA_ARGS__
        .set    forward_index, 0
#include "forward/exports.h"
