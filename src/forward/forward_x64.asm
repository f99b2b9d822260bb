; The exported functions that are not ours, x64, for Microsoft's assembler: what forward_x64.S does,
; and its comments, instruction by instruction. exports.inc is made from exports.h.

EXTERN forward_slots:QWORD, forward_behinds:QWORD
EXTERN forward_target:PROC

.CODE

; eax: the function's index. Below: 32 bytes for forward_target, four registers, four vectors.
forward_enter PROC FRAME
        sub     rsp, 88h
        .ALLOCSTACK 88h
        .ENDPROLOG
        mov     [rsp+20h], rcx
        mov     [rsp+28h], rdx
        mov     [rsp+30h], r8
        mov     [rsp+38h], r9
        movaps  [rsp+40h], xmm0
        movaps  [rsp+50h], xmm1
        movaps  [rsp+60h], xmm2
        movaps  [rsp+70h], xmm3
        mov     rdx, rcx
        mov     ecx, eax
        call    forward_target
        mov     rcx, [rsp+20h]
        mov     rdx, [rsp+28h]
        mov     r8, [rsp+30h]
        mov     r9, [rsp+38h]
        movaps  xmm0, [rsp+40h]
        movaps  xmm1, [rsp+50h]
        movaps  xmm2, [rsp+60h]
        movaps  xmm3, [rsp+70h]
        add     rsp, 88h
        DB      48h ; with this prefix the unwinder knows the jump as an epilogue's
        jmp     rax
forward_enter ENDP

; Whether the calling thread holds the loader lock: PEB.LoaderLock->OwningThread is its id.
forward_in_loader PROC
        mov     rax, gs:[60h]
        mov     rdx, [rax+110h]
        xor     eax, eax
        test    rdx, rdx
        jz      no_lock
        mov     rcx, gs:[48h]
        cmp     [rdx+10h], rcx
        sete    al
no_lock:
        ret
forward_in_loader ENDP

; Jumps through the function's cell. LLVM's assembler takes the usual form for a jump to the table
; itself, and Microsoft's has no name for rip.
THROUGH MACRO table
IFDEF LLVM_ML
        jmp     QWORD PTR [rip + table + 8 * forward_index]
ELSE
        jmp     QWORD PTR [table + 8 * forward_index]
ENDIF
        ENDM

OURS    MACRO function, convention, bytes, returns, failure
        ENDM

STUBS   MACRO function, failure
        ALIGN   16
forward_behind_&function& PROC
        THROUGH forward_behinds
forward_behind_&function& ENDP
forward_resolve_&function& PROC
        mov     eax, forward_index
        jmp     forward_enter
forward_resolve_&function& ENDP
forward_failure_&function& PROC
        mov     rax, failure
        ret
forward_failure_&function& ENDP
forward_index = forward_index + 1
        ENDM

FORWARDED MACRO function, convention, bytes, returns, failure
        ALIGN   16
function PROC
        THROUGH forward_slots
function ENDP
        STUBS   function, failure
        ENDM

GUARDED MACRO function, convention, bytes, returns, failure
        ALIGN   16
function PROC
        mov     eax, forward_index
        jmp     forward_enter
function ENDP
forward_stopped_&function& PROC
        mov     eax, 125 ; NMERR_EXPERT_TERMINATE
        ret
forward_stopped_&function& ENDP
        STUBS   function, failure
        ENDM

forward_index = 0
        INCLUDE exports.inc

        END
