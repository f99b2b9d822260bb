# Every constant, size, offset and type of netmon.h is the reference's.
include(${SETTINGS})
include(${HERE}/make_table.cmake)

make_table(${WORK}/table.c ${INCLUDE}/netmon.h)
compile_or_fail(${COMPILER} -std=gnu11 -c table.c -o ours.o "-DNETMON_HEADER=\"${INCLUDE}/netmon.h\"")
compile_or_fail(${COMPILER} -std=gnu11 -c table.c -o theirs.o "-DNETMON_HEADER=\"${REFERENCE}\"")
read_table(ours ${WORK}/ours.o)
read_table(theirs ${WORK}/theirs.o)

# Fewer rows than this and the table was not made from the whole header.
list(LENGTH ours count)
if(count LESS 2900 OR NOT count EQUAL TABLE_ROWS)
  message(FATAL_ERROR "${count} rows read, ${TABLE_ROWS} made, at least 2900 expected")
endif()
compare_tables(differences "${ours}" "${theirs}")
if(differences)
  list(JOIN differences "\n  " differences)
  message(FATAL_ERROR "netmon.h and ${REFERENCE} differ:\n  ${differences}")
endif()

# The differences that are meant.
set(text "#include <stddef.h>\n#include \"${INCLUDE}/netmon.h\"\n")
foreach(
  fact IN
  ITEMS "EVENT_FLAG_EXPERT == NMEVENTFLAG_EXPERT"
        "IPX_ADDRESS_SIZE == 10"
        "offsetof(NMEVENTDATA, szUrl) == offsetof(NMEVENTDATA, pvReserved)"
        "offsetof(NETWORKINFO, OtherAddress) == offsetof(NETWORKINFO, Reserved)"
        "sizeof(((NETWORKINFO *)0)->OtherAddress) == sizeof(ADDRESS)"
        "sizeof(PROPERTYINSTEX) == (sizeof(void *) == 4 ? 13 : 32)"
        "offsetof(PROPERTYINSTEX, Byte) == (sizeof(void *) == 4 ? 8 : 16)"
        "offsetof(PROPERTYINSTEX, SysTime) == offsetof(PROPERTYINSTEX, Byte)"
        "sizeof(ADDRESS2) == sizeof(ADDRESS) + 6")
  string(APPEND text "_Static_assert(${fact}, \"${fact}\");\n")
endforeach()
file(WRITE ${WORK}/differences.c "${text}")
compile_or_fail(${COMPILER} -std=gnu11 -fsyntax-only differences.c)
message(STATUS "${count} rows, all equal")
