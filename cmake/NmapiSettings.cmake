# What every target of the project is compiled with, and the architecture's name.

if(CMAKE_SIZEOF_VOID_P EQUAL 8)
  set(nmapi_arch x64)
else()
  set(nmapi_arch x86)
endif()

if(MSVC)
  # Checks at run time call the C runtime, as do products of 64 bits on x86 unless optimized, and the DLL has none.
  string(REGEX REPLACE "[-/]RTC[1csu]+" "" CMAKE_C_FLAGS_DEBUG "${CMAKE_C_FLAGS_DEBUG}")
  string(REGEX REPLACE "[-/]Od" "/O1" CMAKE_C_FLAGS_DEBUG "${CMAKE_C_FLAGS_DEBUG}")
else()
  # Not the build's own NDEBUG: the sources look at NMAPI_DEBUG alone.
  set(CMAKE_C_FLAGS_RELEASE "-O2")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2")
  # CodeView and its PDB need a path each; DWARF serves the debuggers that there are for these builds.
  set(CMAKE_C_FLAGS_DEBUG "-O0 -g")
  set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")
endif()

add_library(nmapi_settings INTERFACE)
target_compile_definitions(nmapi_settings INTERFACE $<$<CONFIG:Debug>:NMAPI_DEBUG=1>)
if(MSVC)
  # Not for its assembler, which knows other options.
  target_compile_options(
    nmapi_settings INTERFACE $<$<COMPILE_LANGUAGE:C,CXX>:/W4 /utf-8
                             $<$<BOOL:${NMAPI_WARNINGS_AS_ERRORS}>:/WX>>)
else()
  target_compile_options(
    nmapi_settings
    INTERFACE -Wall -Wextra -Wconversion -Wundef -Wshadow $<$<BOOL:${NMAPI_WARNINGS_AS_ERRORS}>:-Werror>
              $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes> $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
              -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
endif()
if(WIN32)
  # Windows 2000, and no macro of windows.h that renames what C has.
  target_compile_definitions(nmapi_settings INTERFACE _WIN32_WINNT=0x0500 WINVER=0x0500
                                                      WIN32_LEAN_AND_MEAN NOMINMAX)
endif()
