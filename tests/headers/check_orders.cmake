# nmapi.h and either netmon.h, in any order, twice or alone: LANGUAGE is C or CXX.
include(${SETTINGS})

set(N "#include \"${INCLUDE}/nmapi.h\"\n")
set(O "#include \"${INCLUDE}/netmon.h\"\n")
set(M "#include \"${REFERENCE}\"\n")
set(warnings -Wall -Wextra -Wconversion -Wshadow -Wundef -Werror -pedantic)

# With N a call of each kind, with a netmon.h what its codes and types are.
set(use_N
    "DWORD use_nmapi(HEXPERTKEY key);
DWORD use_nmapi(HEXPERTKEY key) {
    DWORD error = NMERR_SUCCESS;
    LPVOID block = ExpertReallocMemory(key, ExpertAllocMemory(key, 1, &error), 2, &error);
    DWORD status = ExpertMemorySize(key, block) == 2 ? NmapiOpenExpert(key, NULL) : error;
    return status == NMERR_SUCCESS ? ExpertFreeMemory(key, block) : (DWORD)NMERR_EXPERT_TERMINATE;
}
")
# Each function has the type that GetProcAddress's result is cast to.
file(STRINGS ${INCLUDE}/nmapi.h types REGEX "^typedef .*PFN_")
list(TRANSFORM types REPLACE ".*PFN_([A-Za-z]+).*" "\\1")
list(LENGTH types length)
if(NOT length EQUAL 14)
  message(FATAL_ERROR "nmapi.h has ${length} types of functions, not 14")
endif()
string(APPEND use_N "void use_types(void);\nvoid use_types(void) {\n")
foreach(name IN LISTS types)
  string(APPEND use_N "    PFN_${name} p${name} = ${name};\n    (void)p${name};\n")
endforeach()
string(APPEND use_N "}\n")
set(use_netmon
    "DWORD use_netmon(HEXPERTKEY key, PNMEVENTDATA event);
DWORD use_netmon(HEXPERTKEY key, PNMEVENTDATA event) {
    DWORD status = ExpertIndicateStatus(key, EXPERTSTATUS_RUNNING, 0, \"\", 50);
    event->Severity = NMEVENT_SEVERITY_WARNING;
    event->NumColumns = 1;
    event->Column[0].VariantData.Type = NMCOLUMNTYPE_FRAME;
    event->Column[0].VariantData.Value.FrameVal = 1;
    return status == NMERR_SUCCESS ? ExpertSubmitEvent(key, event) : (DWORD)NMERR_INVALID_EXPERT_HANDLE;
}
#ifndef NMERR_ESP
#error the codes are no macros
#endif
")
# Ours changes no packing: 2 was in force before and is after. (mingw-w64's resets it.)
set(packed "#include <windows.h>\n#pragma pack(push, 2)\n")
set(still_packed
    "struct packed {
    char c;
    DWORD d;
};
typedef char packing_is_as_before[sizeof(struct packed) == 6 ? 1 : -1];
#if defined(try) || defined(except)
#error keywords made macros
#endif
#pragma pack(pop)
")

if(LANGUAGE STREQUAL "C")
  set(run ${COMPILER} -x c)
  set(standards c11 gnu17)
  set(with_reference gnu11)
else()
  set(run ${CXX_COMPILER} -x c++)
  set(standards c++11 c++20)
  set(with_reference gnu++11)
endif()

list(GET standards 0 first)
set(count 0)
macro(try standard text)
  file(WRITE ${WORK}/${order}.source "${text}${uses}")
  compile_or_fail(${run} -std=${standard} ${options} -fsyntax-only ${order}.source)
  math(EXPR count "${count} + 1")
endmacro()

foreach(order IN ITEMS N O NO ON NON ONO NM MN OM MO NMO MNO MON)
  string(REGEX REPLACE "(.)" "\\1;" letters "${order}")
  set(includes "")
  foreach(letter IN LISTS letters)
    string(APPEND includes "${${letter}}")
  endforeach()
  set(uses "")
  if(order MATCHES "N")
    string(APPEND uses "${use_N}")
  endif()
  if(order MATCHES "[OM]")
    string(APPEND uses "${use_netmon}")
  endif()

  if(order MATCHES "M")
    set(options "") # its warnings are not ours to mend
    try(${with_reference} "${includes}")
  else()
    set(options ${warnings})
    string(LENGTH "${order}" length)
    if(length EQUAL 1)
      try(${with_reference} "${includes}") # no windows.h before it: it includes what it needs
    endif()
    foreach(standard IN LISTS standards)
      # Once with all of windows.h, where a name might clash, once with the least of it.
      if(NOT standard STREQUAL "${first}")
        list(APPEND options -DWIN32_LEAN_AND_MEAN)
      endif()
      if(length LESS 3 OR standard STREQUAL "${first}")
        try(${standard} "${packed}${includes}${still_packed}")
      endif()
    endforeach()
  endif()
endforeach()
if(count LESS 15)
  message(FATAL_ERROR "${count} files compiled only")
endif()
message(STATUS "${count} files compiled")
