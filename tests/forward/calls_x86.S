        .text

/* void call_checked(checked_call *call) */
        .globl  _call_checked
_call_checked:
        pushl   %ebp
        movl    %esp, %ebp
        pushl   %ebx
        pushl   %esi
        pushl   %edi
        movl    8(%ebp), %esi
        pushl   0x28(%esi)
        pushl   0x24(%esi)
        pushl   0x20(%esi)
        pushl   0x1c(%esi)
        pushl   0x18(%esi)
        pushl   0x14(%esi)
        pushl   0x10(%esi)
        pushl   0x0c(%esi)
        pushl   0x08(%esi)
        pushl   0x04(%esi)
        movl    %esp, %ebx
        leal    1(%ebx), %edi
        movl    $0xc0ffee01, %ecx
        movl    $0xdecade02, %edx
        call    *(%esi)
        movl    %esp, %ecx
        leal    -52(%ebp), %esp /* 3 registers and 10 arguments */
        cmpl    %ebx, %esp
        jne     1f
        cmpl    8(%ebp), %esi
        jne     1f
        subl    %ebx, %edi
        cmpl    $1, %edi
        jne     1f
        movl    $1, 0x30(%esi)
        jmp     2f
1:      movl    8(%ebp), %esi
        movl    $0, 0x30(%esi)
2:      subl    %esp, %ecx
        movl    %ecx, 0x2c(%esi)
        movl    %eax, 0x38(%esi)
        movl    %edx, 0x3c(%esi)
        leal    -12(%ebp), %esp
        popl    %edi
        popl    %esi
        popl    %ebx
        popl    %ebp
        ret

        .macro RECORDER name, bytes
        .globl  _recorder_\name
_recorder_\name:
        pushl   %edx
        pushl   %ecx
        movl    %esp, %eax
        leal    12(%esp), %ecx
        pushl   %eax
        pushl   $0
        pushl   %ecx
        pushl   $recorder_index
        call    _recorder_record
        addl    $24, %esp
        movl    $-1, %ecx
        ret     $\bytes
        .set    recorder_index, recorder_index + 1
        .endm

#define OURS(name, convention, bytes, ...) RECORDER name, bytes
#define FORWARDED(name, convention, bytes, ...) RECORDER name, bytes
#define GUARDED(name, convention, bytes, ...) RECORDER name, bytes
        .set    recorder_index, 0
#include "forward/exports.h"
