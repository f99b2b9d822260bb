# Writes a version's part of CHANGELOG.md, from its heading to the next:
#   cmake -D version=1.2.3 -D output=FILE -P release_notes.cmake
# The tag that is released must be the version that the sources say.

file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/../CMakeLists.txt line REGEX "^ +VERSION [0-9.]+$")
if(NOT line MATCHES " ${version}$")
  message(FATAL_ERROR "the release is of ${version}, CMakeLists.txt says ${line}")
endif()

file(READ ${CMAKE_CURRENT_LIST_DIR}/../CHANGELOG.md text)
string(REPLACE "." "[.]" pattern "${version}")
if(NOT "\n${text}" MATCHES "\n## \\[?v?${pattern}[^\n]*\n(.*)")
  message(FATAL_ERROR "CHANGELOG.md has no part for ${version}")
endif()
set(part "${CMAKE_MATCH_1}")
string(FIND "\n${part}" "\n## " end)
if(NOT end EQUAL -1)
  string(SUBSTRING "${part}" 0 ${end} part)
endif()
string(STRIP "${part}" part)
if(part STREQUAL "")
  message(FATAL_ERROR "CHANGELOG.md says nothing of ${version}")
endif()
file(WRITE ${output} "${part}\n")
