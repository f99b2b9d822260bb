# The checks of layouts, values and functions detect errors: a copy of netmon.h with one difference
# does not pass them.
include(${SETTINGS})
include(${HERE}/make_table.cmake)

# The part of the table that the differences below are in.
make_table(
  ${WORK}/table.c ${INCLUDE}/netmon.h
  "NMERR_L|_VINES|EXPERTSTATUS_|IFLAG|EXPERTENUMINFO|PROPERTYINST[.]|NMEVENTDATA|NMCOLUMNVARIANT|ADDRESS2$")
set(compile_table ${COMPILER} -std=gnu11 -DROWS_ONLY -c table.c)
compile_or_fail(${compile_table} -o ours.o "-DNETMON_HEADER=\"${INCLUDE}/netmon.h\"")
read_table(ours ${WORK}/ours.o)
list(LENGTH ours count)
if(NOT count EQUAL TABLE_ROWS)
  message(FATAL_ERROR "${count} rows read, ${TABLE_ROWS} made")
endif()

# table_notices(<was> <is> <row>): the row among those that differ.
function(table_notices was is row)
  mutate(${WORK}/netmon.h "${was}" "${is}")
  compile_or_fail(${compile_table} -o mutant.o "-DNETMON_HEADER=\"${WORK}/netmon.h\"")
  read_table(mutant ${WORK}/mutant.o)
  compare_tables(differences "${ours}" "${mutant}")
  if(NOT "${differences}" MATCHES "${row}")
    message(FATAL_ERROR "not noticed: \"${was}\" made \"${is}\": ${differences}")
  endif()
endfunction()

table_notices("NMERR_LOCKED 14" "NMERR_LOCKED 15" "ROW NMERR_LOCKED=")
table_notices("\"VINES IP\"" "\"VINESIP\"" "ROW PROTOCOL_STRING_VINES_IP_TXT=")
table_notices("EXPERTSTATUS_INACTIVE = 0" "EXPERTSTATUS_INACTIVE = 1" "ROW EXPERTSTATUS_DONE=")
table_notices("#define IFLAG_SWAPPED 0x2" "" "ROW IFLAG_SWAPPED is absent")
table_notices("    HEXPERT hExpert;\n    HINSTANCE hModule;" "    HINSTANCE hModule;\n    HEXPERT hExpert;"
              "ROW offset EXPERTENUMINFO.hExpert=")
table_notices("WORD Level : 4;  /* depth of indentation */\n    WORD HelpID : 12;"
              "WORD HelpID : 12;\n    WORD Level : 4;" "BITS PROPERTYINST.Level=")
table_notices("#pragma pack(push, 8)\n\ntypedef struct _NMCOLUMNVARIANT"
              "#pragma pack(push, 1)\n\ntypedef struct _NMCOLUMNVARIANT" "ROW offset NMEVENTDATA.Flags=")
table_notices("#pragma pack(push, 1)\n\ntypedef struct _VINES_IP_ADDRESS"
              "#pragma pack(push, 8)\n\ntypedef struct _VINES_IP_ADDRESS" "ROW sizeof ADDRESS2=")

# Another type of the same size.
mutate(${WORK}/netmon.h "LONG Sint32Val;" "DWORD Sint32Val;")
compile(passed ${COMPILER} -std=gnu11 -c table.c -o mutant.o "-DNETMON_HEADER=\"${WORK}/netmon.h\"")
if(passed OR NOT passed_LOG MATCHES "type of NMCOLUMNVARIANT")
  message(FATAL_ERROR "another type of NMCOLUMNVARIANT.Value.Sint32Val is not noticed: ${passed_LOG}")
endif()

# signatures_notice(<was> <is>)
function(signatures_notice was is)
  mutate(${WORK}/netmon.h "${was}" "${is}")
  file(WRITE ${WORK}/signatures.c "#define NETMON_NO_OLD_TYPES\n#include \"netmon.h\"\n#include \"${HERE}/signatures.h\"\n")
  compile(passed ${COMPILER} -std=gnu11 -fsyntax-only signatures.c)
  if(passed)
    message(FATAL_ERROR "not noticed: \"${was}\" made \"${is}\"")
  endif()
endfunction()

signatures_notice("DWORD WINAPI GetFrameLength(" "LONG WINAPI GetFrameLength(")
signatures_notice("WINAPIV FormatPropertyInstance(LPPROPERTYINST lpPropertyInst, ...)"
                  "WINAPIV FormatPropertyInstance(LPPROPERTYINST lpPropertyInst)")
if(POINTER_SIZE EQUAL 4)
  signatures_notice("HFILTER WINAPI CreateFilter(" "HFILTER WINAPIV CreateFilter(")
endif()
