# Writes a version's section of CHANGELOG.md to a file:
#   cmake -D version=1.2.3 -D output=FILE -P release_notes.cmake
# The version must be that of CMakeLists.txt.

file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/../CMakeLists.txt line REGEX "^ +VERSION [0-9.]+$")
if(NOT line MATCHES " ${version}$")
  message(FATAL_ERROR "the tag is of version ${version}, but CMakeLists.txt says ${line}: correct one of them")
endif()

file(READ ${CMAKE_CURRENT_LIST_DIR}/../CHANGELOG.md text)
string(REPLACE "." "[.]" pattern "${version}")
if(NOT "\n${text}" MATCHES "\n(## \\[?v?${pattern}[^\n]*)\n(.*)")
  message(FATAL_ERROR "CHANGELOG.md has no section for ${version}: write \"## [${version}] - DATE\"")
endif()
set(heading "${CMAKE_MATCH_1}")
set(part "${CMAKE_MATCH_2}")
if(heading MATCHES "unreleased")
  message(FATAL_ERROR "CHANGELOG.md has no date for ${version}: write \"## [${version}] - DATE\"")
endif()
string(FIND "\n${part}" "\n## " end)
if(NOT end EQUAL -1)
  string(SUBSTRING "${part}" 0 ${end} part)
endif()
string(STRIP "${part}" part)
# A release's page shows each end of a line.
string(REGEX REPLACE "\n +([^ -])" " \\1" part "${part}")
if(part STREQUAL "")
  message(FATAL_ERROR "the section of ${version} in CHANGELOG.md is empty: write it")
endif()
file(WRITE ${output} "${part}\n")
