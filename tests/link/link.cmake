# cmake -D arch=x64|x86 -D stage= -D work= -D root= then one of
#   -D abi=mingw|msvc|mixed -D language=c|cxx -D header=sdk|ours|nmapi   -D package=ON
#   -D abi=mingw|msvc -D expert=documented|undocumented|sdk
#   -D abi=mingw|msvc -D language=c|cxx -D old_types=ON
# and -P link.cmake. Needs mingw-w64, clang, lld, llvm and Wine.

cmake_minimum_required(VERSION 3.25)

set(here ${CMAKE_CURRENT_LIST_DIR})
file(REMOVE_RECURSE ${work})
file(MAKE_DIRECTORY ${work})

if(arch STREQUAL "x86")
  set(triplet i686-w64-mingw32)
  set(target i686-pc-windows-msvc)
  set(target_flags -D__i386__ -D_X86_)
  set(wanted_symbols _ExpertAllocMemory@12 _ExpertReallocMemory@16 _ExpertMemorySize@8
                     __imp__ExpertFreeMemory@8)
  set(link_flags /safeseh:no)
else()
  set(triplet x86_64-w64-mingw32)
  set(target x86_64-pc-windows-msvc)
  set(target_flags "")
  set(wanted_symbols ExpertAllocMemory ExpertReallocMemory ExpertMemorySize __imp_ExpertFreeMemory)
  set(link_flags "")
endif()

set(clang_msvc --target=${target} -fgnuc-version=12.0 ${target_flags} -isystem
               ${root}/cmake/msvcabi/include -isystem /usr/share/mingw-w64/include)

function(run)
  execute_process(COMMAND ${ARGV} WORKING_DIRECTORY ${work} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The program or DLL imports the functions by their undecorated names.
set(imported ExpertAllocMemory ExpertReallocMemory ExpertMemorySize ExpertFreeMemory)
function(check_imports module)
  execute_process(COMMAND llvm-readobj --coff-imports ${module} OUTPUT_VARIABLE imports
                          COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "Name: Nmapi.dll[^}]*" imports "${imports}")
  foreach(name IN LISTS imported)
    if(NOT imports MATCHES "Symbol: ${name} \\(")
      message(FATAL_ERROR "${module} does not import ${name} from Nmapi.dll: ${imports}")
    endif()
  endforeach()
endfunction()

# The program works.
function(check_run program)
  cmake_path(GET program PARENT_PATH folder)
  file(COPY ${stage}/bin/Nmapi.dll DESTINATION ${folder})
  execute_process(COMMAND sh ${root}/cmake/run-wine.sh ${program} RESULT_VARIABLE status)
  if(NOT status EQUAL 42)
    message(FATAL_ERROR "${program} ended with ${status}")
  endif()
endfunction()

if(package)
  # Always by GCC: clang needs start-up code that an installation does not bring.
  run(${CMAKE_COMMAND} -G Ninja -S ${here}/package -B ${work}/build -D NMAPI_ARCH=${arch}
      -D CMAKE_TOOLCHAIN_FILE=${root}/cmake/mingw.cmake -D CMAKE_PREFIX_PATH=${stage}
      -D CMAKE_FIND_ROOT_PATH=${stage} -D CMAKE_BUILD_TYPE=Release)
  run(${CMAKE_COMMAND} --build ${work}/build)
  check_imports(${work}/build/consumer.exe)
  check_run(${work}/build/consumer.exe)
  return()
endif()

if(expert STREQUAL "sdk")
  # An expert in C++ like the SDK's samples. Linkers refuse what README.md says, and nothing else.
  file(COPY ${here}/sdk_expert.cpp ${here}/sdk_expert.def DESTINATION ${work})
  file(READ ${work}/sdk_expert.def def)
  string(REGEX REPLACE "DESCRIPTION[^\n]*\n" "" def "${def}")
  file(WRITE ${work}/changed.def "${def}")
  if(abi STREQUAL "mingw")
    set(build ${triplet}-g++ -Wall -Wextra -shared -static -Wl,--enable-stdcall-fixup -o expert.dll
              -I${stage}/include)
    set(end -L${stage}/lib -lNmapi)
    set(as_it_is ${build} sdk_expert.cpp sdk_expert.def ${end})
    set(changed ${build} -DEXTERN_C_FOR_GNU sdk_expert.cpp sdk_expert.def ${end})
  else()
    run(clang++ ${clang_msvc} -Wall -Wextra -I${stage}/include -c sdk_expert.cpp -o sdk_expert.obj)
    run(clang ${clang_msvc} -c ${root}/cmake/msvcabi/start_dll.c ${root}/cmake/msvcabi/no_dllmain.c)
    set(build lld-link /nologo /dll ${link_flags} /out:expert.dll sdk_expert.obj start_dll.o no_dllmain.o
              ${stage}/lib/Nmapi.lib /usr/${triplet}/lib/libmsvcrt.a /usr/${triplet}/lib/libkernel32.a)
    set(as_it_is ${build} /def:sdk_expert.def)
    set(changed ${build} /def:changed.def)
  endif()
  execute_process(COMMAND ${as_it_is} WORKING_DIRECTORY ${work} RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  if(status EQUAL 0)
    message(FATAL_ERROR "links as it is: README.md need not say that a change is needed")
  endif()
  run(${changed})
  run(${triplet}-gcc -Wall -Wextra ${here}/host.c -o host.exe -I${stage}/include)
  check_run(${work}/host.exe)
  return()
endif()

if(expert)
  # By README.md's commands, which must have nothing to say. DIR is the installation.
  file(COPY ${root}/examples/experts/expert.def DESTINATION ${work})
  set(source expert.c)
  if(expert STREQUAL "undocumented")
    set(source undocumented.c)
  endif()
  configure_file(${here}/${source} ${work}/expert.c COPYONLY)
  file(CREATE_LINK ${stage} ${work}/DIR SYMBOLIC)
  if(abi STREQUAL "mingw")
    # The option is for x86: without it ld warns of each export that it finds as _Name@bytes.
    set(build ${triplet}-gcc -shared expert.c expert.def -Wl,--enable-stdcall-fixup -o expert.dll
              -IDIR/include -LDIR/lib -lNmapi)
  else()
    # clang as cl. What Visual Studio knows by itself stands before /LD and after /DEF.
    run(clang ${clang_msvc} -c ${root}/cmake/msvcabi/start_dll.c ${root}/cmake/msvcabi/no_dllmain.c)
    list(TRANSFORM clang_msvc PREPEND /clang: REGEX "^-(fgnuc|isystem)|^/")
    set(build clang --driver-mode=cl ${clang_msvc} /GS- -fuse-ld=lld /LD expert.c /I DIR/include
              DIR/lib/Nmapi.lib /link /DEF:expert.def ${link_flags} /nodefaultlib start_dll.o no_dllmain.o
              /usr/${triplet}/lib/libmsvcrt.a /usr/${triplet}/lib/libkernel32.a)
  endif()
  execute_process(COMMAND ${build} WORKING_DIRECTORY ${work} OUTPUT_VARIABLE said ERROR_VARIABLE said
                          COMMAND_ERROR_IS_FATAL ANY)
  if(NOT said STREQUAL "")
    message(FATAL_ERROR "${build} says:\n${said}")
  endif()
  if(expert STREQUAL "undocumented")
    set(imported HelperFormatUnicodeString DecodeSNMPObjectIdentifier)
  endif()
  check_imports(${work}/expert.dll)
  execute_process(COMMAND llvm-readobj --coff-exports ${work}/expert.dll OUTPUT_VARIABLE exports
                          COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "Name: [^\n]+" exports "${exports}")
  list(SORT exports)
  if(NOT exports STREQUAL "Name: Configure;Name: Register;Name: Run")
    message(FATAL_ERROR "expert.dll exports ${exports}")
  endif()
  run(${triplet}-gcc -Wall -Wextra ${here}/host.c -o host.exe -IDIR/include)
  check_run(${work}/host.exe)
  return()
endif()

if(old_types)
  set(warnings -Wall -Wextra -Wconversion -Werror -O2 -I${stage}/include)
  if(abi STREQUAL "mingw")
    set(compiler ${triplet}-gcc -std=gnu11)
  else()
    set(compiler clang ${clang_msvc} -std=c11)
  endif()
  if(language STREQUAL "cxx")
    list(TRANSFORM compiler REPLACE "^clang$" clang++)
    list(TRANSFORM compiler REPLACE "-gcc$" -g++)
    list(TRANSFORM compiler REPLACE "^-std=.*" "-std=c++11;-xc++")
  endif()
  run(${compiler} ${warnings} -c ${here}/old_types.c -o old_types.obj)
  if(abi STREQUAL "msvc")
    run(clang ${clang_msvc} -c ${root}/cmake/msvcabi/start.c -o start.obj)
    run(lld-link /nologo /subsystem:console ${link_flags} /out:program.exe old_types.obj start.obj
        ${stage}/lib/Nmapi.lib /usr/${triplet}/lib/libmsvcrt.a /usr/${triplet}/lib/libkernel32.a)
  else()
    run(${triplet}-gcc old_types.obj -o program.exe -L${stage}/lib -lNmapi)
  endif()
  check_run(${work}/program.exe)
  return()
endif()

set(warnings -Wall -Wextra -O2)
set(includes "")
if(NOT header STREQUAL "sdk")
  set(includes -I${stage}/include)
endif()
string(TOUPPER ${header} variant)
set(gcc ${triplet}-gcc)
set(clang clang)
set(as_language "")
if(language STREQUAL "cxx")
  set(gcc ${triplet}-g++)
  set(clang clang++)
  set(as_language -x c++)
endif()

if(abi STREQUAL "mingw")
  run(${gcc} ${warnings} -DWITH_${variant} ${includes} ${as_language} -c ${here}/legacy.c -o legacy.obj)
  run(${triplet}-gcc ${warnings} -c ${here}/import.c -o import.obj)
else()
  run(${clang} ${clang_msvc} ${warnings} -DWITH_${variant} ${includes} ${as_language} -c
      ${here}/legacy.c -o legacy.obj)
  run(clang ${clang_msvc} ${warnings} -c ${here}/import.c -o import.obj)
endif()

# What a legacy object asks for.
execute_process(COMMAND llvm-nm --undefined-only --format=just-symbols legacy.obj import.obj
                WORKING_DIRECTORY ${work} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" symbols "${symbols}")
foreach(symbol IN LISTS wanted_symbols)
  if(NOT symbol IN_LIST symbols)
    message(FATAL_ERROR "the objects do not ask for ${symbol}: ${symbols}")
  endif()
endforeach()

if(abi STREQUAL "msvc")
  run(clang ${clang_msvc} -c ${root}/cmake/msvcabi/start.c -o start.obj)
  run(lld-link /nologo /subsystem:console ${link_flags} /out:program.exe legacy.obj import.obj start.obj
      ${stage}/lib/Nmapi.lib /usr/${triplet}/lib/libmsvcrt.a /usr/${triplet}/lib/libkernel32.a)
else() # mingw, and objects for the MSVC ABI by GNU ld
  run(${triplet}-gcc legacy.obj import.obj -o program.exe -L${stage}/lib -lNmapi)
endif()
check_imports(${work}/program.exe)
check_run(${work}/program.exe)
