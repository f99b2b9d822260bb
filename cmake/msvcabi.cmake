# clang and lld-link for the MSVC ABI, with mingw-w64's headers and import libraries; NMAPI_ARCH,
# set by the preset, is x64 or x86.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES NMAPI_ARCH)

if(NMAPI_ARCH STREQUAL "x86")
  set(CMAKE_SYSTEM_PROCESSOR i686)
  set(nmapi_triplet i686-w64-mingw32)
  set(nmapi_target i686-pc-windows-msvc)
  # What mingw-w64's headers expect of a compiler for x86 and clang does not say for this target.
  set(nmapi_flags "-D__i386__ -D_X86_")
else()
  set(CMAKE_SYSTEM_PROCESSOR x86_64)
  set(nmapi_triplet x86_64-w64-mingw32)
  set(nmapi_target x86_64-pc-windows-msvc)
  set(nmapi_flags "")
endif()

set(CMAKE_C_COMPILER clang)
set(CMAKE_C_COMPILER_TARGET ${nmapi_target})
set(CMAKE_CXX_COMPILER clang++)
set(CMAKE_CXX_COMPILER_TARGET ${nmapi_target})
set(CMAKE_ASM_COMPILER clang)
set(CMAKE_ASM_COMPILER_TARGET ${nmapi_target})
set(CMAKE_RC_COMPILER llvm-rc)
set(CMAKE_AR llvm-ar)

string(APPEND nmapi_flags " -isystem ${CMAKE_CURRENT_LIST_DIR}/msvcabi/include")
foreach(language C CXX)
  set(CMAKE_${language}_FLAGS_INIT
      "-fgnuc-version=12.0 ${nmapi_flags} -isystem /usr/share/mingw-w64/include")
  set(CMAKE_${language}_STANDARD_LIBRARIES "" CACHE STRING "")
endforeach()
set(CMAKE_MSVC_RUNTIME_LIBRARY "")

# Programs start with msvcabi/start.c and use msvcrt.dll (see MsvcAbiPrograms.cmake); a compiler
# check has neither.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(NMAPI_WINDOWS_LIBRARIES /usr/${nmapi_triplet}/lib)

if(NOT CMAKE_HOST_WIN32)
  set(CMAKE_CROSSCOMPILING_EMULATOR sh ${CMAKE_CURRENT_LIST_DIR}/run-wine.sh)
endif()
