# What the configure step says of a table that is wrong: it stops, and names the line.
#   cmake -D root= -D work= -P check_exports.cmake
cmake_policy(VERSION 3.25)
file(READ ${root}/src/forward/exports.h table)
file(READ ${root}/nmapi.def def)

# stops(<what it says> <was> <is> [<export list>]): as it is with one text made another.
function(stops said was is)
  set(text "${table}")
  if(NOT was STREQUAL "")
    string(REPLACE "${was}" "${is}" text "${table}")
    if("${text}" STREQUAL "${table}")
      message(FATAL_ERROR "the table has no longer: ${was}")
    endif()
  endif()
  set(exports "${def}")
  if(ARGC GREATER 3)
    set(exports "${ARGV3}")
  endif()
  file(WRITE ${work}/exports.h "${text}")
  file(WRITE ${work}/nmapi.def "${exports}")
  execute_process(
    COMMAND ${CMAKE_COMMAND} -D table=${work}/exports.h -D def=${work}/nmapi.def -P
            ${root}/cmake/NmapiExports.cmake
    RESULT_VARIABLE status
    ERROR_VARIABLE log)
  string(REGEX REPLACE "[ \n]+" " " log "${log}")
  string(FIND "${log}" "${said}" at)
  if(said STREQUAL "")
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "the table itself is refused: ${log}")
    endif()
  elseif(status EQUAL 0 OR at LESS 0)
    message(FATAL_ERROR "\"${was}\" made \"${is}\" ends with ${status}, not with \"${said}\": ${log}")
  endif()
endfunction()

stops("" "" "")
set(row "FORWARDED(GetFrame, stdcall, 8, pointer, 0)")
foreach(
  wrong IN
  ITEMS "FORWARD(GetFrame, stdcall, 8, pointer, 0)"
        "FORWARDED(GetFrame, fastcall, 8, pointer, 0)"
        "FORWARDED(GetFrame, stdcall, 8, handle, 0)"
        "FORWARDED(GetFrame, stdcall, 0x8, pointer, 0)"
        "FORWARDED(GetFrame, cdecl, 8, pointer, 0)"
        "FORWARDED(GetFrame, stdcall, 8, pointer, NULL)"
        "FORWARDED(GetFrame, stdcall, 8, pointer)"
        "FORWARDED(Get Frame, stdcall, 8, pointer, 0)"
        "GetFrame")
  stops("not understood: ${wrong}" "${row}" "${wrong}")
endforeach()
stops("a second time: ${row}" "${row}" "${row}\n${row}")
stops("does not export what" "${row}" "FORWARDED(GetFrames, stdcall, 8, pointer, 0)")
stops("FORWARDED(GetFrames, stdcall, 8, pointer, 0)" "${row}" "FORWARDED(GetFrames, stdcall, 8, pointer, 0)")
stops("exports: NoSuchName" "" "" "${def}    NoSuchName\n")
