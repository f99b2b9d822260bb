        .text

/* void call_checked(checked_call *call) */
        .globl  call_checked
        .def    call_checked
        .scl    2
        .type   32
        .endef
        .seh_proc call_checked
call_checked:
        pushq   %rbp
        .seh_pushreg %rbp
        pushq   %rbx
        .seh_pushreg %rbx
        pushq   %rsi
        .seh_pushreg %rsi
        pushq   %rdi
        .seh_pushreg %rdi
        pushq   %r12
        .seh_pushreg %r12
        pushq   %r13
        .seh_pushreg %r13
        pushq   %r14
        .seh_pushreg %r14
        pushq   %r15
        .seh_pushreg %r15
        subq    $0x78, %rsp /* ten arguments, xmm6 and xmm7 */
        .seh_stackalloc 0x78
        movaps  %xmm6, 0x50(%rsp)
        .seh_savexmm %xmm6, 0x50
        movaps  %xmm7, 0x60(%rsp)
        .seh_savexmm %xmm7, 0x60
        .seh_endprologue
        movq    %rcx, %rbx
        movq    0x28(%rbx), %rax
        movq    %rax, 0x20(%rsp)
        movq    0x30(%rbx), %rax
        movq    %rax, 0x28(%rsp)
        movq    0x38(%rbx), %rax
        movq    %rax, 0x30(%rsp)
        movq    0x40(%rbx), %rax
        movq    %rax, 0x38(%rsp)
        movq    0x48(%rbx), %rax
        movq    %rax, 0x40(%rsp)
        movq    0x50(%rbx), %rax
        movq    %rax, 0x48(%rsp)
        movups  0x70(%rbx), %xmm0
        movups  0x80(%rbx), %xmm1
        movups  0x90(%rbx), %xmm2
        movups  0xa0(%rbx), %xmm3
        movaps  %xmm0, %xmm6
        movaps  %xmm3, %xmm7
        movq    %rsp, %rbp
        leaq    1(%rbp), %rsi
        leaq    2(%rbp), %rdi
        leaq    3(%rbp), %r12
        leaq    4(%rbp), %r13
        leaq    5(%rbp), %r14
        leaq    6(%rbp), %r15
        movq    0x08(%rbx), %rcx
        movq    0x10(%rbx), %rdx
        movq    0x18(%rbx), %r8
        movq    0x20(%rbx), %r9
        call    *(%rbx)
        movq    %rax, 0x68(%rbx)
        movq    %rsp, %rax
        subq    %rbp, %rax
        movq    %rax, 0x58(%rbx)
        movq    %rbp, %rsp
        xorl    %eax, %eax
        subq    %rbp, %rsi
        subq    %rbp, %rdi
        subq    %rbp, %r12
        subq    %rbp, %r13
        subq    %rbp, %r14
        subq    %rbp, %r15
        cmpq    $1, %rsi
        jne     1f
        cmpq    $2, %rdi
        jne     1f
        cmpq    $3, %r12
        jne     1f
        cmpq    $4, %r13
        jne     1f
        cmpq    $5, %r14
        jne     1f
        cmpq    $6, %r15
        jne     1f
        movups  0x70(%rbx), %xmm0
        movups  0xa0(%rbx), %xmm3
        pcmpeqb %xmm0, %xmm6
        pcmpeqb %xmm3, %xmm7
        pand    %xmm7, %xmm6
        pmovmskb %xmm6, %ecx
        cmpl    $0xffff, %ecx
        jne     1f
        incl    %eax
1:      movq    %rax, 0x60(%rbx)
        movaps  0x50(%rsp), %xmm6
        movaps  0x60(%rsp), %xmm7
        addq    $0x78, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rdi
        popq    %rsi
        popq    %rbx
        popq    %rbp
        ret
        .seh_endproc

/* eax: the recorder's number. The four registers go to their home, before the other arguments. */
        .def    recorder_enter
        .scl    3
        .type   32
        .endef
        .seh_proc recorder_enter
recorder_enter:
        subq    $0x68, %rsp
        .seh_stackalloc 0x68
        .seh_endprologue
        movq    %rcx, 0x70(%rsp)
        movq    %rdx, 0x78(%rsp)
        movq    %r8, 0x80(%rsp)
        movq    %r9, 0x88(%rsp)
        movups  %xmm0, 0x20(%rsp)
        movups  %xmm1, 0x30(%rsp)
        movups  %xmm2, 0x40(%rsp)
        movups  %xmm3, 0x50(%rsp)
        movl    %eax, %ecx
        leaq    0x70(%rsp), %rdx
        leaq    0x20(%rsp), %r8
        xorl    %r9d, %r9d
        call    recorder_record
        /* What a callee may destroy: nobody may count on it. */
        pcmpeqb %xmm0, %xmm0
        movaps  %xmm0, %xmm1
        movaps  %xmm0, %xmm2
        movaps  %xmm0, %xmm3
        movaps  %xmm0, %xmm4
        movaps  %xmm0, %xmm5
        movq    $-1, %rcx
        movq    %rcx, %rdx
        movq    %rcx, %r8
        movq    %rcx, %r9
        movq    %rcx, %r10
        movq    %rcx, %r11
        addq    $0x68, %rsp
        ret
        .seh_endproc

        .macro RECORDER name
        .globl  recorder_\name
recorder_\name:
        movl    $recorder_index, %eax
        jmp     recorder_enter
        .set    recorder_index, recorder_index + 1
        .endm

#define OURS(name, ...) RECORDER name
#define FORWARDED(name, ...) RECORDER name
#define GUARDED(name, ...) RECORDER name
        .set    recorder_index, 0
#include "forward/exports.h"
