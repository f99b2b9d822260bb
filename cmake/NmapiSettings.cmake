# What the project's targets are compiled with, and the architecture's name.
#   nmapi_compile    the DLL's settings, which say nothing of a C runtime
#   nmapi_settings   for every other target: these, and what a program needs to be linked

if(CMAKE_SIZEOF_VOID_P EQUAL 8)
  set(nmapi_arch x64)
else()
  set(nmapi_arch x86)
endif()
if(NMAPI_ARCH AND NOT NMAPI_ARCH STREQUAL nmapi_arch)
  message(FATAL_ERROR "${CMAKE_C_COMPILER} compiles for ${nmapi_arch}, the preset is for ${NMAPI_ARCH}")
endif()
# As packages are called.
if(MSVC)
  set(nmapi_compiler msvc)
elseif(MINGW)
  set(nmapi_compiler mingw)
else()
  set(nmapi_compiler clang)
endif()

add_library(nmapi_compile INTERFACE)
target_compile_definitions(nmapi_compile INTERFACE $<$<CONFIG:Debug>:NMAPI_DEBUG=1>)
if(MSVC)
  # Not for its assembler, which knows other options.
  target_compile_options(
    nmapi_compile INTERFACE $<$<COMPILE_LANGUAGE:C,CXX>:/W4 /utf-8
                            $<$<BOOL:${NMAPI_WARNINGS_AS_ERRORS}>:/WX>>)
  # Checks at run time call the C runtime, as do products of 64 bits on x86 unless optimized, and the DLL
  # has none. No option that comes later takes these two back.
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
