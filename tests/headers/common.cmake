# What the checks share.
cmake_policy(VERSION 3.25)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})

# compile(<result> <what to run ...>): FLAGS added; <result> is TRUE or FALSE, <result>_LOG what it
# said.
function(compile result)
  execute_process(
    COMMAND ${ARGN} ${FLAGS}
    WORKING_DIRECTORY ${WORK}
    RESULT_VARIABLE code
    OUTPUT_VARIABLE log
    ERROR_VARIABLE log)
  if(code EQUAL 0)
    set(${result} TRUE PARENT_SCOPE)
  else()
    set(${result} FALSE PARENT_SCOPE)
  endif()
  set(${result}_LOG "${log}" PARENT_SCOPE)
endfunction()

function(compile_or_fail)
  compile(done ${ARGN})
  if(NOT done)
    string(REPLACE ";" " " command "${ARGN}")
    message(FATAL_ERROR "${command}\n${done_LOG}")
  endif()
endfunction()

# read_lines(<list> <file>): the lines without comments, in a form that a list can hold: @ for a
# semicolon, < and > for brackets.
function(read_lines lines file)
  file(READ ${file} text)
  string(REGEX REPLACE "/[*][^*]*[*]+([^/*][^*]*[*]+)*/" "" text "${text}")
  string(REGEX REPLACE "\\\\\n" " " text "${text}")
  string(REPLACE ";" "@" text "${text}")
  string(REPLACE "[" "<" text "${text}")
  string(REPLACE "]" ">" text "${text}")
  string(REGEX REPLACE "[ \t]+\n" "\n" text "${text}")
  string(REPLACE "\n" ";" text "${text}")
  set(${lines} "${text}" PARENT_SCOPE)
endfunction()

# read_exports(<names>): netmon.h's functions in the export list, which are all of Microsoft's whose
# types are known; <names>_SYMBOLS as an x86 object asks for them.
function(read_exports names)
  file(STRINGS ${EXPORT_TABLE} lines REGEX "^(OURS|FORWARDED|GUARDED)[(]")
  set(found "")
  set(symbols "")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^([A-Z]+)[(]([A-Za-z0-9_]+), (stdcall|cdecl), ([0-9]+), ([a-z]+), ")
      message(FATAL_ERROR "${EXPORT_TABLE}: not understood: ${line}")
    endif()
    set(name ${CMAKE_MATCH_2})
    if(CMAKE_MATCH_3 STREQUAL "stdcall")
      set(symbol _${name}@${CMAKE_MATCH_4})
    else()
      set(symbol _${name})
    endif()
    if(NOT CMAKE_MATCH_5 STREQUAL "unknown" AND NOT "${CMAKE_MATCH_1}${name}" MATCHES "^OURSNmapi")
      list(APPEND found ${name})
      list(APPEND symbols ${symbol})
    endif()
  endforeach()
  list(LENGTH found count)
  if(NOT count EQUAL 133)
    message(FATAL_ERROR "${EXPORT_TABLE} has ${count} functions with types beside ours, not 133")
  endif()
  set(${names} ${found} PARENT_SCOPE)
  set(${names}_SYMBOLS ${symbols} PARENT_SCOPE)
endfunction()

# What mingw-w64's netmon.h lacks, or has without WINAPI (FilterFindPropertyInstance).
set(LACKING_FUNCTIONS
    BHGetLastError
    DecodeSNMPObjectIdentifier
    FilterFindPropertyInstance
    HTMLValueToUnicode
    HelperFormatUnicodeString
    LoadDWORD
    LoadIPAddresses
    LoadIPXAddresses
    LoadMACAddresses
    LoadStringAddr
    LoadTCHAR)

# Names that are ours alone, and members whose size is that of the SDK's header and not of
# mingw-w64's.
set(DIFFERENCES
    "EVENT_FLAG_EXPERT|IPX_ADDRESS_SIZE|NMEVENTDATA.szUrl|NETWORKINFO.OtherAddress|PROPERTYINSTEX(_SIZE|.Byte|.Word|.Dword|.LargeInt|.SysTime)?|netmon_.*"
)

# mutate(<file> <was> <is>): a copy of netmon.h with one difference.
function(mutate file was is)
  file(READ ${INCLUDE}/netmon.h text)
  string(FIND "${text}" "${was}" at)
  if(at LESS 0)
    message(FATAL_ERROR "netmon.h has no longer: ${was}")
  endif()
  string(LENGTH "${was}" length)
  math(EXPR after "${at} + ${length}")
  string(SUBSTRING "${text}" 0 ${at} head)
  string(SUBSTRING "${text}" ${after} -1 tail)
  file(WRITE ${file} "${head}${is}${tail}")
endfunction()
