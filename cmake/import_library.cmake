# Writes the import library from the export list and the names in the objects:
#   cmake -D def= -D arch= -D nm= -D dlltool= -D objects= -D library= -D work=
#     -P import_library.cmake
#
# On x86 a caller asks for _Name@bytes (stdcall) or _Name (cdecl); the compiler knows which.

file(STRINGS ${def} lines)
list(FILTER lines INCLUDE REGEX "^ +[A-Za-z]")

set(machine i386:x86-64)
if(arch STREQUAL "x86")
  set(machine i386)
  execute_process(
    COMMAND ${nm} --defined-only --extern-only --format=just-symbols ${objects}
    OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" symbols "${symbols}")
endif()

set(exports "")
foreach(line IN LISTS lines)
  string(STRIP "${line}" name)
  if(name MATCHES "=") # a forwarder: nothing here links to it
    continue()
  endif()
  if(arch STREQUAL "x86")
    set(found ${symbols})
    list(FILTER found INCLUDE REGEX "^_${name}(@[0-9]+)?$")
    list(LENGTH found count)
    if(NOT count EQUAL 1)
      message(FATAL_ERROR "${name} in nmapi.def: the objects have ${count} symbols for it, not one: ${found}. "
                          "Define it once, or remove it from nmapi.def")
    endif()
    # dlltool puts the underscore of x86 in front itself.
    string(SUBSTRING ${found} 1 -1 name)
  endif()
  string(APPEND exports "    ${name}\n")
endforeach()

file(WRITE ${work}/nmapi-import.def "LIBRARY Nmapi.dll\nEXPORTS\n${exports}")
execute_process(COMMAND ${dlltool} -m ${machine} -k -D Nmapi.dll -d ${work}/nmapi-import.def -l ${library}
                        COMMAND_ERROR_IS_FATAL ANY)
