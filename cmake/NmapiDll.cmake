# The DLL, its import library, its installation and its package.

include(GNUInstallDirs)
configure_file(${PROJECT_SOURCE_DIR}/src/nmapi.rc.in ${PROJECT_BINARY_DIR}/nmapi.rc @ONLY)
enable_language(RC)

# Microsoft's assembler has its own source files. LLVM's llvm-ml understands them, so the presets of
# the MSVC ABI test them without Visual Studio. Without llvm-ml clang assembles GCC's files.
if(NOT MSVC)
  enable_language(ASM)
endif()
if(NOT MSVC AND NOT MINGW)
  find_program(NMAPI_LLVM_ML NAMES llvm-ml llvm-ml-19 llvm-ml-18 llvm-ml-17 llvm-ml-16 llvm-ml-15 llvm-ml-14)
  if(NMAPI_LLVM_ML)
    set(CMAKE_ASM_MASM_COMPILER ${NMAPI_LLVM_ML})
  endif()
endif()
if(MSVC OR NMAPI_LLVM_ML)
  enable_language(ASM_MASM)
  set(nmapi_assembly ${PROJECT_SOURCE_DIR}/src/forward/forward_${nmapi_arch}.asm)
else()
  set(nmapi_assembly ${PROJECT_SOURCE_DIR}/src/forward/forward_${nmapi_arch}.S)
endif()

set(nmapi_def ${PROJECT_SOURCE_DIR}/nmapi.def)
if(NMAPI_ORIGINAL_DLL)
  include(${PROJECT_SOURCE_DIR}/cmake/NmapiOriginal.cmake)
endif()

add_library(Nmapi SHARED ${NMAPI_SOURCES} ${nmapi_assembly} ${PROJECT_SOURCE_DIR}/src/base/crt.c
                         ${PROJECT_BINARY_DIR}/nmapi.rc ${nmapi_def})
add_library(Nmapi::Nmapi ALIAS Nmapi)
target_include_directories(
  Nmapi
  PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
         $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
  PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(Nmapi PRIVATE $<BUILD_INTERFACE:nmapi_compile>)
# The same names whatever the compiler.
set_target_properties(
  Nmapi
  PROPERTIES PREFIX ""
             DEBUG_POSTFIX ""
             IMPORT_PREFIX ""
             IMPORT_SUFFIX .lib)

if(MSVC OR NMAPI_LLVM_ML)
  target_include_directories(Nmapi PRIVATE ${PROJECT_BINARY_DIR}/exports)
  set_source_files_properties(${nmapi_assembly} PROPERTIES OBJECT_DEPENDS
                                                           ${PROJECT_BINARY_DIR}/exports/exports.inc)
endif()

# No C runtime: nothing of it may be called, started or linked. Windows 2000 on x86 may run on a
# processor without SSE or CMOV.
#
# /CETCOMPAT, on x64: no code here replaces a return address, and the thunks jump and do not call,
# so calls and returns match on a shadow stack. 32-bit programs have no shadow stack. GNU ld has no
# such option.
#
# No /guard:cf. The indirect calls are the thunks' jumps, which a compiler does not instrument, the
# callbacks of two functions, FlushProcessWriteBuffers, and the modules' calls of each other's
# static functions. A process with Control Flow Guard may load DLLs without it, except in strict
# mode. The option would need our own _load_config_used in the layout of each linker's version,
# which costs more than it would check.
#
# /Brepro: no time stamps. Paths in the debug information are relative, so that it does not depend
# on the build's folder.
if(MSVC)
  target_compile_options(Nmapi PRIVATE $<$<COMPILE_LANGUAGE:C>:/GS- /Zl /Gs1000000 /Oi /guard:cf->)
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/base/crt.c PROPERTIES COMPILE_OPTIONS
                                                                           "/Oi-;$<$<C_COMPILER_ID:MSVC>:/GL->")
  target_link_options(
    Nmapi
    PRIVATE
    /NODEFAULTLIB
    /ENTRY:DllMain
    /DYNAMICBASE
    /NXCOMPAT
    /DEBUG
    /PDBALTPATH:Nmapi.pdb
    /OPT:REF
    /OPT:ICF
    /INCREMENTAL:NO
    /Brepro
    /MANIFEST:NO)
  set_target_properties(Nmapi PROPERTIES MSVC_DEBUG_INFORMATION_FORMAT ProgramDatabase)
  set(nmapi_debug_file $<TARGET_PDB_FILE:Nmapi>)
  if(nmapi_arch STREQUAL "x86")
    target_compile_options(Nmapi PRIVATE $<$<COMPILE_LANGUAGE:C>:/arch:IA32>)
    # Its linker takes 5.01 as the lowest.
    target_link_options(Nmapi PRIVATE /SUBSYSTEM:WINDOWS,5.01 /SAFESEH)
    set_source_files_properties(${nmapi_assembly} PROPERTIES COMPILE_OPTIONS /safeseh)
  else()
    target_link_options(Nmapi PRIVATE /SUBSYSTEM:WINDOWS,5.02 /HIGHENTROPYVA /CETCOMPAT)
  endif()
  target_link_libraries(Nmapi PRIVATE kernel32)
else()
  target_compile_options(
    Nmapi
    PRIVATE $<$<COMPILE_LANGUAGE:C>:-g
            -fno-stack-protector
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
  target_compile_options(Nmapi PRIVATE $<$<COMPILE_LANGUAGE:ASM>:-g>)
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
  find_program(NMAPI_DLLTOOL NAMES llvm-dlltool ${CMAKE_DLLTOOL} dlltool REQUIRED)
  # The debug information goes to its own file, which gdb finds by the name and checksum in the DLL.
  set(nmapi_debug_file $<TARGET_FILE_DIR:Nmapi>/Nmapi.debug)
  add_custom_command(
    TARGET Nmapi
    POST_BUILD
    COMMAND
      ${CMAKE_COMMAND} -D def=${nmapi_def} -D arch=${nmapi_arch} -D nm=${CMAKE_NM} -D
      dlltool=${NMAPI_DLLTOOL} -D "objects=$<TARGET_OBJECTS:Nmapi>" -D
      library=$<TARGET_LINKER_FILE:Nmapi> -D work=${PROJECT_BINARY_DIR} -P
      ${PROJECT_SOURCE_DIR}/cmake/import_library.cmake
    COMMAND ${CMAKE_OBJCOPY} -p --only-keep-debug $<TARGET_FILE:Nmapi> ${nmapi_debug_file}
    COMMAND ${CMAKE_OBJCOPY} -p --strip-all --add-gnu-debuglink=${nmapi_debug_file} $<TARGET_FILE:Nmapi>
    VERBATIM)
elseif(NOT MSVC)
  if(NMAPI_LLVM_ML)
    target_compile_options(Nmapi PRIVATE $<$<COMPILE_LANGUAGE:ASM_MASM>:$<IF:$<STREQUAL:${nmapi_arch},x86>,-m32,-m64>
                                         -DLLVM_ML>)
    if(nmapi_arch STREQUAL "x86")
      target_compile_options(Nmapi PRIVATE $<$<COMPILE_LANGUAGE:ASM_MASM>:-safeseh>)
    endif()
  endif()
  target_compile_options(Nmapi PRIVATE $<$<COMPILE_LANGUAGE:C>:-gcodeview -ffile-compilation-dir=.>)
  cmake_path(RELATIVE_PATH PROJECT_SOURCE_DIR BASE_DIRECTORY ${CMAKE_BINARY_DIR} OUTPUT_VARIABLE nmapi_to_top)
  set(nmapi_launcher sh ${PROJECT_SOURCE_DIR}/cmake/msvcabi/relative.sh ${PROJECT_SOURCE_DIR}
                     ${nmapi_to_top})
  set_target_properties(Nmapi PROPERTIES C_COMPILER_LAUNCHER "${nmapi_launcher}"
                                         C_LINKER_LAUNCHER "${nmapi_launcher}")
  set_target_properties(Nmapi PROPERTIES MSVC_DEBUG_INFORMATION_FORMAT "")
  set(nmapi_debug_file $<TARGET_PDB_FILE:Nmapi>)
  target_link_options(
    Nmapi
    PRIVATE
    LINKER:/nodefaultlib
    LINKER:/entry:DllMain
    LINKER:/dynamicbase
    LINKER:/nxcompat
    LINKER:/debug
    LINKER:/pdbaltpath:Nmapi.pdb
    LINKER:/pdbsourcepath:.
    LINKER:/opt:ref
    LINKER:/opt:icf
    LINKER:/Brepro)
  if(nmapi_arch STREQUAL "x86")
    target_link_options(Nmapi PRIVATE "SHELL:-Xlinker /subsystem:windows,5.00" LINKER:/safeseh:no LINKER:/noseh)
  else()
    target_link_options(Nmapi PRIVATE "SHELL:-Xlinker /subsystem:windows,5.02" LINKER:/highentropyva
                        LINKER:/cetcompat)
  endif()
  target_link_libraries(Nmapi PRIVATE ${NMAPI_WINDOWS_LIBRARIES}/libkernel32.a -Wl,/manifest:no)
endif()

# Installation

include(CMakePackageConfigHelpers)
install(
  TARGETS Nmapi
  EXPORT NmapiTargets
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES ${nmapi_debug_file} DESTINATION ${CMAKE_INSTALL_BINDIR})
install(
  DIRECTORY ${PROJECT_SOURCE_DIR}/include/
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING
  PATTERN "*.h")
set(nmapi_config ${CMAKE_INSTALL_LIBDIR}/cmake/Nmapi)
install(
  EXPORT NmapiTargets
  NAMESPACE Nmapi::
  DESTINATION ${nmapi_config})
file(WRITE ${PROJECT_BINARY_DIR}/NmapiConfig.cmake
     "include(\${CMAKE_CURRENT_LIST_DIR}/NmapiTargets.cmake)\n")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/NmapiConfigVersion.cmake
                                 COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/NmapiConfig.cmake ${PROJECT_BINARY_DIR}/NmapiConfigVersion.cmake
        DESTINATION ${nmapi_config})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md TYPE DOC)
if(EXISTS ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
  install(FILES ${PROJECT_SOURCE_DIR}/CHANGELOG.md TYPE DOC)
endif()

if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_GENERATOR ZIP)
  set(CPACK_PACKAGE_VENDOR "the Nmapi authors")
  set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
  set(CPACK_PACKAGE_FILE_NAME Nmapi-${PROJECT_VERSION}-${nmapi_arch}-${nmapi_compiler})
  set(CPACK_VERBATIM_VARIABLES ON)
  include(CPack)
endif()
