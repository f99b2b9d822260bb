# clang-cl, llvm-ml and lld-link with the options of Visual Studio's tools, but without their C
# runtime: only the DLL can be built. NMAPI_ARCH, set by the preset, is x64 or x86.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES NMAPI_ARCH)

if(NMAPI_ARCH STREQUAL "x86")
  set(CMAKE_SYSTEM_PROCESSOR i686)
  set(nmapi_triplet i686-w64-mingw32)
  set(CMAKE_C_COMPILER_TARGET i686-pc-windows-msvc)
  # What mingw-w64's headers expect of a compiler for x86.
  set(nmapi_flags "-D__i386__ -D_X86_")
  set(CMAKE_ASM_MASM_FLAGS_INIT "-m32 -DLLVM_ML")
else()
  set(CMAKE_SYSTEM_PROCESSOR x86_64)
  set(nmapi_triplet x86_64-w64-mingw32)
  set(CMAKE_C_COMPILER_TARGET x86_64-pc-windows-msvc)
  set(nmapi_flags "")
  set(CMAKE_ASM_MASM_FLAGS_INIT "-m64 -DLLVM_ML")
endif()

foreach(version IN ITEMS "" -19 -18 -17 -16 -15 -14)
  list(APPEND nmapi_clang_cl clang-cl${version})
  list(APPEND nmapi_llvm_ml llvm-ml${version})
endforeach()
find_program(CMAKE_C_COMPILER NAMES ${nmapi_clang_cl} REQUIRED)
find_program(CMAKE_ASM_MASM_COMPILER NAMES ${nmapi_llvm_ml} REQUIRED)
set(CMAKE_LINKER lld-link)
set(CMAKE_MT llvm-mt)
set(CMAKE_RC_COMPILER llvm-rc)
set(CMAKE_C_FLAGS_INIT
    "/permissive- -fgnuc-version=12.0 ${nmapi_flags} -imsvc ${CMAKE_CURRENT_LIST_DIR}/msvcabi/include -imsvc /usr/share/mingw-w64/include"
)

# kernel32.lib without code, as the SDK's is: what mingw-w64's has is not marked for /SAFESEH.
set(nmapi_kernel32 ${CMAKE_BINARY_DIR}/kernel32)
if(NOT EXISTS ${nmapi_kernel32}/kernel32.lib)
  execute_process(
    COMMAND nm --defined-only --format=just-symbols /usr/${nmapi_triplet}/lib/libkernel32.a
    OUTPUT_VARIABLE names
    ERROR_QUIET)
  string(REGEX MATCHALL "__imp_[^\n]+" names "${names}")
  if(NMAPI_ARCH STREQUAL "x86")
    list(FILTER names INCLUDE REGEX "^__imp__")
    list(TRANSFORM names REPLACE "^__imp__" "    ")
    set(machine i386)
  else()
    list(TRANSFORM names REPLACE "^__imp_" "    ")
    set(machine i386:x86-64)
  endif()
  list(JOIN names "\n" names)
  file(WRITE ${nmapi_kernel32}/kernel32.def "LIBRARY KERNEL32.dll\nEXPORTS\n${names}\n")
  execute_process(COMMAND llvm-dlltool -m ${machine} -k -d ${nmapi_kernel32}/kernel32.def -l
                          ${nmapi_kernel32}/kernel32.lib COMMAND_ERROR_IS_FATAL ANY)
endif()
set(CMAKE_SHARED_LINKER_FLAGS_INIT "/libpath:${nmapi_kernel32}")
set(CMAKE_C_STANDARD_LIBRARIES "" CACHE STRING "")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
