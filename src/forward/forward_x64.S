/*
 * The exported functions that are not ours, x64 (GNU syntax; forward_x64.asm is the same for MASM).
 *
 * An export jumps through its slot with every register and the stack as the caller left them. Only
 * a function that is not resolved yet, or that knows termination, goes by way of forward_enter,
 * which keeps what arguments travel in and asks forward_target (forward.c) where to go.
 */
        .text

        .macro OURS name, convention, bytes, returns, failure
        .endm

        .macro STUBS name, failure
        .globl forward_behind_\name, forward_resolve_\name, forward_failure_\name
        .p2align 4
forward_behind_\name:
        jmp     *forward_behinds+8*forward_index(%rip)
forward_resolve_\name:
        movl    $forward_index, %eax
        jmp     forward_enter
forward_failure_\name:
        movq    $\failure, %rax
        ret
        .set    forward_index, forward_index + 1
        .endm

        .macro FORWARDED name, convention, bytes, returns, failure
        .globl  \name
        .p2align 4
\name:
        jmp     *forward_slots+8*forward_index(%rip)
        STUBS   \name, \failure
        .endm

        .macro GUARDED name, convention, bytes, returns, failure
        .globl  \name, forward_stopped_\name
        .p2align 4
\name:
        movl    $forward_index, %eax
        jmp     forward_enter
forward_stopped_\name:
        movl    $125, %eax /* NMERR_EXPERT_TERMINATE */
        ret
        STUBS   \name, \failure
        .endm

/* eax: the function's index. Below: 32 bytes for forward_target, four registers, four vectors. */
        .p2align 4
        .def    forward_enter
        .scl    3
        .type   32
        .endef
        .seh_proc forward_enter
forward_enter:
        subq    $0x88, %rsp
        .seh_stackalloc 0x88
        .seh_endprologue
        movq    %rcx, 0x20(%rsp)
        movq    %rdx, 0x28(%rsp)
        movq    %r8, 0x30(%rsp)
        movq    %r9, 0x38(%rsp)
        movaps  %xmm0, 0x40(%rsp)
        movaps  %xmm1, 0x50(%rsp)
        movaps  %xmm2, 0x60(%rsp)
        movaps  %xmm3, 0x70(%rsp)
        movq    %rcx, %rdx
        movl    %eax, %ecx
        call    forward_target
        movq    0x20(%rsp), %rcx
        movq    0x28(%rsp), %rdx
        movq    0x30(%rsp), %r8
        movq    0x38(%rsp), %r9
        movaps  0x40(%rsp), %xmm0
        movaps  0x50(%rsp), %xmm1
        movaps  0x60(%rsp), %xmm2
        movaps  0x70(%rsp), %xmm3
        addq    $0x88, %rsp
        .byte   0x48 /* with this prefix the unwinder knows the jump as an epilogue's */
        jmp     *%rax
        .seh_endproc

/* Whether the calling thread holds the loader lock: PEB.LoaderLock->OwningThread is its id. */
        .globl  forward_in_loader
        .p2align 4
forward_in_loader:
        movq    %gs:0x60, %rax
        movq    0x110(%rax), %rdx
        xorl    %eax, %eax
        testq   %rdx, %rdx
        jz      1f
        movq    %gs:0x48, %rcx
        cmpq    %rcx, 0x10(%rdx)
        sete    %al
1:      ret

#define OURS(...)
#define FORWARDED(...) FORWARDED __VA_ARGS__
#define GUARDED(...) GUARDED __VA_ARGS__
        .set    forward_index, 0
#include "forward/exports.h"
