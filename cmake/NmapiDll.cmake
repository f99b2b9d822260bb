# The DLL, its import library, its installation and its package.

# An import library is called Nmapi.lib whatever the compiler.
set(CMAKE_SHARED_LIBRARY_PREFIX "")
set(CMAKE_IMPORT_LIBRARY_PREFIX "")
set(CMAKE_IMPORT_LIBRARY_SUFFIX ".lib")

configure_file(${PROJECT_SOURCE_DIR}/src/nmapi.rc.in ${PROJECT_BINARY_DIR}/nmapi.rc @ONLY)
enable_language(RC)

if(MSVC)
  set(nmapi_assembler ASM_MASM)
  set(nmapi_assembly ${PROJECT_SOURCE_DIR}/src/forward/forward_${nmapi_arch}.asm)
else()
  set(nmapi_assembler ASM)
  set(nmapi_assembly ${PROJECT_SOURCE_DIR}/src/forward/forward_${nmapi_arch}.S)
endif()
enable_language(${nmapi_assembler})

set(nmapi_def ${PROJECT_SOURCE_DIR}/nmapi.def)
if(NMAPI_ORIGINAL_DLL)
  include(${PROJECT_SOURCE_DIR}/cmake/NmapiOriginal.cmake)
endif()

add_library(Nmapi SHARED ${NMAPI_SOURCES} ${nmapi_assembly} ${PROJECT_SOURCE_DIR}/src/base/crt.c
                         ${PROJECT_BINARY_DIR}/nmapi.rc ${nmapi_def})
add_library(Nmapi::Nmapi ALIAS Nmapi)
target_include_directories(
  Nmapi
  PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>
  PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(Nmapi PRIVATE $<BUILD_INTERFACE:nmapi_settings>)
set_target_properties(Nmapi PROPERTIES OUTPUT_NAME Nmapi DEBUG_POSTFIX "")

# No C runtime: nothing of it may be called, started or linked. Windows 2000 on x86 may run on a
# processor without SSE or CMOV.
if(MSVC)
  target_compile_options(Nmapi PRIVATE $<$<COMPILE_LANGUAGE:C>:/GS- /Zl /Gs1000000 /Oi /guard:cf->)
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/base/crt.c PROPERTIES COMPILE_OPTIONS "/Oi-;/GL-")
  target_link_options(Nmapi PRIVATE /NODEFAULTLIB /ENTRY:DllMain /DYNAMICBASE /NXCOMPAT /OPT:REF
                      /INCREMENTAL:NO /Brepro /MANIFEST:NO)
  if(nmapi_arch STREQUAL "x86")
    target_compile_options(Nmapi PRIVATE $<$<COMPILE_LANGUAGE:C>:/arch:IA32>)
    # Its linker takes 5.01 as the lowest.
    target_link_options(Nmapi PRIVATE /SUBSYSTEM:WINDOWS,5.01 /SAFESEH)
    set_source_files_properties(${nmapi_assembly} PROPERTIES COMPILE_OPTIONS /safeseh)
  else()
    target_link_options(Nmapi PRIVATE /SUBSYSTEM:WINDOWS,5.02 /HIGHENTROPYVA)
  endif()
  target_link_libraries(Nmapi PRIVATE kernel32)
else()
  target_compile_options(
    Nmapi
    PRIVATE $<$<COMPILE_LANGUAGE:C>:-fno-stack-protector
            -mno-stack-arg-probe
            -Wframe-larger-than=2048
            -Wvla>)
  # A loop in memset must not become a call of memset.
  set_source_files_properties(
    ${PROJECT_SOURCE_DIR}/src/base/crt.c
    PROPERTIES COMPILE_OPTIONS
               "-ffreestanding;$<$<C_COMPILER_ID:GNU>:-fno-tree-loop-distribute-patterns>")
  if(nmapi_arch STREQUAL "x86")
    target_compile_options(
      Nmapi
      PRIVATE $<$<COMPILE_LANGUAGE:C>:-march=pentium
              -mtune=generic
              -mno-sse
              -mno-mmx
              -fno-asynchronous-unwind-tables>
              $<$<COMPILE_LANGUAGE:ASM>:-march=pentium>)
  endif()
endif()

if(MINGW)
  if(nmapi_arch STREQUAL "x64")
    # All data of a DLL this small is near: no way round through a table to reach it.
    target_compile_options(Nmapi PRIVATE $<$<COMPILE_LANGUAGE:C>:-mcmodel=small>)
  endif()
  target_link_options(
    Nmapi
    PRIVATE
    -nostdlib
    -Wl,--no-insert-timestamp
    -Wl,--dynamicbase
    -Wl,--nxcompat
    -Wl,--exclude-all-symbols
    -Wl,--subsystem,windows
    -Wl,--major-subsystem-version=5
    -Wl,--major-os-version=5)
  if(nmapi_arch STREQUAL "x86")
    target_link_options(
      Nmapi
      PRIVATE
      -Wl,-e,_DllMain@12
      -Wl,--enable-stdcall-fixup
      -Wl,--no-seh
      -Wl,--minor-subsystem-version=0
      -Wl,--minor-os-version=0)
  else()
    target_link_options(Nmapi PRIVATE -Wl,-e,DllMain -Wl,--high-entropy-va
                        -Wl,--minor-subsystem-version=2 -Wl,--minor-os-version=2)
  endif()
  target_link_libraries(Nmapi PRIVATE kernel32)

  # GNU ld's own import library has x86 names that no caller asks for.
  find_program(NMAPI_DLLTOOL NAMES llvm-dlltool REQUIRED)
  add_custom_command(
    TARGET Nmapi
    POST_BUILD
    COMMAND
      ${CMAKE_COMMAND} -D def=${nmapi_def} -D arch=${nmapi_arch} -D nm=${CMAKE_NM} -D
      dlltool=${NMAPI_DLLTOOL} -D "objects=$<TARGET_OBJECTS:Nmapi>" -D
      library=$<TARGET_LINKER_FILE:Nmapi> -D work=${PROJECT_BINARY_DIR} -P
      ${PROJECT_SOURCE_DIR}/cmake/import_library.cmake
    VERBATIM)
elseif(NOT MSVC)
  target_link_options(
    Nmapi
    PRIVATE
    LINKER:/nodefaultlib
    LINKER:/entry:DllMain
    LINKER:/dynamicbase
    LINKER:/nxcompat
    LINKER:/opt:ref
    LINKER:/Brepro)
  if(nmapi_arch STREQUAL "x86")
    target_link_options(Nmapi PRIVATE "SHELL:-Xlinker /subsystem:windows,5.00" LINKER:/safeseh:no LINKER:/noseh)
  else()
    target_link_options(Nmapi PRIVATE "SHELL:-Xlinker /subsystem:windows,5.02" LINKER:/highentropyva)
  endif()
  target_link_libraries(Nmapi PRIVATE ${NMAPI_WINDOWS_LIBRARIES}/libkernel32.a -Wl,/manifest:no)
endif()

# Installation

include(CMakePackageConfigHelpers)
install(
  TARGETS Nmapi
  EXPORT NmapiTargets
  RUNTIME DESTINATION bin
  ARCHIVE DESTINATION lib)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION include FILES_MATCHING PATTERN "*.h")
install(
  EXPORT NmapiTargets
  NAMESPACE Nmapi::
  DESTINATION lib/cmake/Nmapi)
file(WRITE ${PROJECT_BINARY_DIR}/NmapiConfig.cmake
     "include(\${CMAKE_CURRENT_LIST_DIR}/NmapiTargets.cmake)\n")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/NmapiConfigVersion.cmake
                                 COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/NmapiConfig.cmake ${PROJECT_BINARY_DIR}/NmapiConfigVersion.cmake
        DESTINATION lib/cmake/Nmapi)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md DESTINATION share/doc/Nmapi)

set(CPACK_GENERATOR ZIP)
set(CPACK_PACKAGE_VENDOR "the Nmapi authors")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_FILE_NAME Nmapi-${PROJECT_VERSION}-${nmapi_arch})
set(CPACK_VERBATIM_VARIABLES ON)
if(PROJECT_IS_TOP_LEVEL)
  include(CPack)
endif()
