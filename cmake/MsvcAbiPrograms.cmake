# Programs and DLLs for the MSVC ABI without Visual Studio: adds start-up code, and msvcrt.dll by
# mingw-w64's import libraries, to every target with nmapi_settings. Nmapi.dll itself needs neither.

set(nmapi_msvcabi_folder ${CMAKE_CURRENT_LIST_DIR}/msvcabi)

add_library(nmapi_start STATIC ${nmapi_msvcabi_folder}/start.c ${nmapi_msvcabi_folder}/start_dll.c
                               ${nmapi_msvcabi_folder}/no_dllmain.c)

if(nmapi_arch STREQUAL "x86")
  set(nmapi_triplet i686-w64-mingw32)
  set(nmapi_stack_probe ___chkstk)
  # The compiler's helpers for 64-bit division are Microsoft's; ntdll.dll has them.
  find_program(NMAPI_DLLTOOL NAMES llvm-dlltool REQUIRED)
  set(nmapi_helpers ${PROJECT_BINARY_DIR}/helpers.lib)
  execute_process(
    COMMAND ${NMAPI_DLLTOOL} -m i386 -D ntdll.dll -d ${nmapi_msvcabi_folder}/helpers.def -l ${nmapi_helpers}
            COMMAND_ERROR_IS_FATAL ANY)
else()
  set(nmapi_triplet x86_64-w64-mingw32)
  set(nmapi_stack_probe ___chkstk_ms)
  set(nmapi_helpers "")
endif()
execute_process(
  COMMAND ${nmapi_triplet}-gcc -print-libgcc-file-name
  OUTPUT_VARIABLE nmapi_libgcc
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)

add_library(nmapi_runtime INTERFACE)
target_link_libraries(
  nmapi_runtime
  INTERFACE nmapi_start
            ${NMAPI_WINDOWS_LIBRARIES}/libmsvcrt.a
            ${NMAPI_WINDOWS_LIBRARIES}/libmingwex.a
            ${NMAPI_WINDOWS_LIBRARIES}/libkernel32.a
            ${nmapi_helpers}
            ${nmapi_libgcc}
            -Wl,/alternatename:__chkstk=${nmapi_stack_probe})
target_link_options(nmapi_runtime INTERFACE LINKER:/Brepro)
if(nmapi_arch STREQUAL "x86")
  target_link_options(nmapi_runtime INTERFACE LINKER:/safeseh:no)
endif()
target_link_libraries(nmapi_settings INTERFACE nmapi_runtime)
