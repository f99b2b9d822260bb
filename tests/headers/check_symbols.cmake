# An object made with netmon.h asks for the symbols that the import library has: on x86 those of the
# export list, with its argument bytes.
include(${SETTINGS})
read_exports(names)

if(NOT POINTER_SIZE EQUAL 4)
  set(names_SYMBOLS ${names})
endif()
set(text "#include \"${INCLUDE}/netmon.h\"\nvoid (*const all[])(void) = {\n")
foreach(name IN LISTS names)
  string(APPEND text "    (void (*)(void))${name},\n")
endforeach()
file(WRITE ${WORK}/symbols.c "${text}};\n")
compile_or_fail(${COMPILER} -std=gnu11 -c symbols.c -o symbols.o)
execute_process(
  COMMAND ${NM} -u symbols.o
  WORKING_DIRECTORY ${WORK}
  OUTPUT_VARIABLE log COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "U [^ \r\n]+" found "${log}")
list(TRANSFORM found REPLACE "^U " "")
list(SORT found)
list(SORT names_SYMBOLS)
if(NOT "${found}" STREQUAL "${names_SYMBOLS}")
  set(extra ${found})
  list(REMOVE_ITEM extra ${names_SYMBOLS})
  list(REMOVE_ITEM names_SYMBOLS ${found})
  message(FATAL_ERROR "asked for, not exported: ${extra}\nexported, not asked for: ${names_SYMBOLS}")
endif()
