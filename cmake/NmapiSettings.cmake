# The settings that the project's targets are compiled with, and the architecture's name.
#   nmapi_compile    the DLL's settings, without a C runtime
#   nmapi_settings   for every other target: the same, and what a program needs to be linked

if(CMAKE_SIZEOF_VOID_P EQUAL 8)
  set(nmapi_arch x64)
else()
  set(nmapi_arch x86)
endif()
if(NMAPI_ARCH AND NOT NMAPI_ARCH STREQUAL nmapi_arch)
  message(FATAL_ERROR "${CMAKE_C_COMPILER} compiles for ${nmapi_arch}, the preset is for ${NMAPI_ARCH}. "
                      "Put a compiler for ${NMAPI_ARCH} first on PATH and delete ${PROJECT_BINARY_DIR}")
endif()
# The compiler's name in the packages' names.
if(MSVC)
  set(nmapi_compiler msvc)
elseif(MINGW)
  set(nmapi_compiler mingw)
else()
  set(nmapi_compiler clang)
endif()

add_library(nmapi_compile INTERFACE)
if(MSVC)
  # Not for the assembler, which has other options.
  target_compile_options(
    nmapi_compile INTERFACE $<$<COMPILE_LANGUAGE:C,CXX>:/W4 /utf-8
                            $<$<BOOL:${NMAPI_WARNINGS_AS_ERRORS}>:/WX>>)
  # Run-time checks call the C runtime, and so do 64-bit products on x86 unless optimized; the DLL
  # has none. No later option cancels these two.
  string(REGEX REPLACE "[-/]RTC[1csu]+" "" CMAKE_C_FLAGS_DEBUG "${CMAKE_C_FLAGS_DEBUG}")
  string(REGEX REPLACE "[-/]Od" "/O1" CMAKE_C_FLAGS_DEBUG "${CMAKE_C_FLAGS_DEBUG}")
else()
  # The last -O counts. The assembler's language takes none of these.
  target_compile_options(
    nmapi_compile
    INTERFACE $<$<COMPILE_LANGUAGE:C,CXX>:-Wall
              -Wextra
              -Wconversion
              -Wundef
              -Wshadow
              $<$<CONFIG:Release>:-O2>
              $<$<BOOL:${NMAPI_WARNINGS_AS_ERRORS}>:-Werror>>
              $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
              $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
              $<$<COMPILE_LANGUAGE:C,CXX,ASM>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.>)
endif()
if(WIN32)
  # Windows 2000, and no macro of windows.h that renames what C has.
  target_compile_definitions(nmapi_compile INTERFACE _WIN32_WINNT=0x0500 WINVER=0x0500
                                                     WIN32_LEAN_AND_MEAN NOMINMAX)
endif()

add_library(nmapi_settings INTERFACE)
target_link_libraries(nmapi_settings INTERFACE nmapi_compile)
if(MSVC)
  # The functions of C that Microsoft would rather replace.
  target_compile_definitions(nmapi_settings INTERFACE _CRT_SECURE_NO_WARNINGS _CRT_NONSTDC_NO_WARNINGS)
endif()
