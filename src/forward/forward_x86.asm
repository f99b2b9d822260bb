; The exported functions that are not ours, x86, for Microsoft's assembler: what forward_x86.S does,
; and its comments, instruction by instruction. exports.inc is made from exports.h.

.686
.MODEL FLAT

EXTERN _forward_slots:DWORD, _forward_behinds:DWORD
EXTERN _forward_target:PROC

.CODE
IFNDEF LLVM_ML ; LLVM's assembler knows no ASSUME and needs none
ASSUME FS:NOTHING
ENDIF

; eax: the function's index. The first argument (if there is one) lies above the return address.
forward_enter PROC
        push    ecx
        push    edx
        push    DWORD PTR [esp+12]
        push    eax
        call    _forward_target
        add     esp, 8
        pop     edx
        pop     ecx
        jmp     eax
forward_enter ENDP

; Whether the calling thread holds the loader lock: PEB.LoaderLock->OwningThread is its id.
_forward_in_loader PROC
        mov     eax, DWORD PTR fs:[30h]
        mov     edx, [eax+0A0h]
        xor     eax, eax
        test    edx, edx
        jz      no_lock
        mov     ecx, DWORD PTR fs:[24h]
        cmp     [edx+0Ch], ecx
        sete    al
no_lock:
        ret
_forward_in_loader ENDP

; The cells are named with ds: because LLVM's assembler takes a jump without it for one to the table
; itself.
OURS    MACRO function, convention, bytes, returns, failure
        ENDM

STUBS   MACRO function, bytes, failure
        ALIGN   16
_forward_behind_&function& PROC
        jmp     DWORD PTR ds:[_forward_behinds + 4 * forward_index]
_forward_behind_&function& ENDP
_forward_resolve_&function& PROC
        mov     eax, forward_index
        jmp     forward_enter
_forward_resolve_&function& ENDP
_forward_failure_&function& PROC
        mov     eax, failure
        cdq     ; for those that return 64 bits
        ret     bytes
_forward_failure_&function& ENDP
forward_index = forward_index + 1
        ENDM

; The export's own instructions, as a procedure of the name that the compiler decorates for a
; caller.
EXPORTED MACRO function, convention, bytes, first, second
        ALIGN   16
        IFIDN <convention>, <stdcall>
_&function&@&bytes& PROC
        first
        second
_&function&@&bytes& ENDP
        ELSE
_&function& PROC
        first
        second
_&function& ENDP
        ENDIF
        ENDM

FORWARDED MACRO function, convention, bytes, returns, failure
        EXPORTED function, convention, bytes, <jmp DWORD PTR ds:[_forward_slots + 4*forward_index]>
        STUBS   function, bytes, failure
        ENDM

GUARDED MACRO function, convention, bytes, returns, failure
        EXPORTED function, convention, bytes, <mov eax, forward_index>, <jmp forward_enter>
_forward_stopped_&function& PROC
        mov     eax, 125 ; NMERR_EXPERT_TERMINATE
        ret     bytes
_forward_stopped_&function& ENDP
        STUBS   function, bytes, failure
        ENDM

forward_index = 0
        INCLUDE exports.inc

        END
