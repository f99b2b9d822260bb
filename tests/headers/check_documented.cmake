# Each documented function takes what its page names (documented.c), in C and in C++, with every
# warning.
include(${SETTINGS})

file(STRINGS ${HERE}/documented.c lines REGEX "^(CALL|VOID)[0-9][(]")
list(LENGTH lines count)
if(NOT count EQUAL 80)
  message(FATAL_ERROR "documented.c calls ${count} functions, not 80")
endif()
list(TRANSFORM lines REPLACE "^CALL[0-9][(][^,]+, ([A-Za-z0-9]+).*" "\\1")
list(TRANSFORM lines REPLACE "^VOID[0-9][(]([A-Za-z0-9]+).*" "\\1")
read_exports(names)
list(REMOVE_ITEM lines ${names})
if(lines)
  message(FATAL_ERROR "the export list does not have ${lines}")
endif()

set(warnings -Wall -Wextra -Wconversion -Wshadow -Wundef -Werror -pedantic -Wno-long-long -I${INCLUDE} -O2 -c)
foreach(standard c11)
  compile_or_fail(${COMPILER} -std=${standard} ${warnings} ${HERE}/documented.c -o c.o)
endforeach()
foreach(standard c++98 c++20)
  compile_or_fail(${CXX_COMPILER} -x c++ -std=${standard} ${warnings} ${HERE}/documented.c -o cxx.o)
endforeach()

# Older C takes the types since IPv6 alone, and says so of an old one.
file(WRITE ${WORK}/old.c "#include <netmon.h>\nint f(LPADDRESS2 a, LPADDRESS b);\n"
                         "int f(LPADDRESS2 a, LPADDRESS b)\n{\n    return CompareAddresses(a, WHICH);\n}\n")
compile_or_fail(${COMPILER} -std=gnu99 -Werror -I${INCLUDE} -DWHICH=a -c old.c)
compile(passed ${COMPILER} -std=gnu99 -Werror -I${INCLUDE} -DWHICH=b -c old.c)
if(passed)
  message(FATAL_ERROR "C99 takes an ADDRESS where an ADDRESS2 is wanted")
endif()
