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
message(STATUS "${count} rows, all equal")
