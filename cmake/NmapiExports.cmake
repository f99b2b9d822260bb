# Reads the table of exports, src/forward/exports.h, as text. C and both assemblers must understand
# each line, and the names must be those of nmapi.def. Anything else stops the configure step.
cmake_policy(VERSION 3.25)

# nmapi_read_exports(<rows> <table> <def>): the rows of the table.
function(nmapi_read_exports rows table def)
  file(STRINGS ${table} lines REGEX "^[^ /#]")
  set(names "")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^(OURS|FORWARDED|GUARDED)[(]([A-Za-z0-9]+), (stdcall, [0-9]+|cdecl, 0), (pointer|value|bool|status|void|unknown), (-?[0-9]+)[)]$")
      message(FATAL_ERROR "${table}: not understood: ${line}\n"
                          "A row is OURS, FORWARDED or GUARDED(name, stdcall, BYTES, KIND, FAILURE), or the same "
                          "with cdecl, 0; the head of the file explains it.")
    endif()
    if(CMAKE_MATCH_2 IN_LIST names)
      message(FATAL_ERROR "${table} has this function a second time: ${line}")
    endif()
    list(APPEND names ${CMAKE_MATCH_2})
  endforeach()

  file(STRINGS ${def} exports REGEX "^ +[^ ]")
  list(TRANSFORM exports STRIP)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^[A-Z]+[(]([A-Za-z0-9]+),.*" "\\1" name "${line}")
    if(NOT name IN_LIST exports)
      message(FATAL_ERROR "${def} does not export what ${table} has; add the name there: ${line}")
    endif()
  endforeach()
  list(REMOVE_ITEM exports ${names})
  if(exports)
    message(FATAL_ERROR "${table} does not have what ${def} exports: ${exports}; add a row for each")
  endif()
  set(${rows} ${lines} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE) # tests/forward
  nmapi_read_exports(rows ${table} ${def})
  return()
endif()

set(nmapi_exports ${PROJECT_SOURCE_DIR}/src/forward/exports.h)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${nmapi_exports} ${PROJECT_SOURCE_DIR}/nmapi.def)
nmapi_read_exports(nmapi_rows ${nmapi_exports} ${PROJECT_SOURCE_DIR}/nmapi.def)

# Microsoft's assembler and llvm-ml have no C preprocessor: they get the table as macro calls.
if(NOT MINGW)
  list(TRANSFORM nmapi_rows REPLACE "^([A-Z]+)\\((.*)\\)$" "        \\1 \\2\n")
  string(REPLACE ";" "" nmapi_rows "${nmapi_rows}")
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/exports/exports.inc CONTENT "${nmapi_rows}" @ONLY)
endif()
