# The modules of the DLL, a folder and a name each, top to bottom: a module includes only what
# stands below it. Read by CMakeLists.txt, by the tests, and compared with src/README.md.
set(NMAPI_MODULES
    api/dllmain
    api/expert_api
    api/host_api
    forward/forward
    forward/exports
    expert/reclaim
    expert/snapshot
    expert/bias
    expert/closing
    expert/visitors
    expert/table
    expert/expert
    heap/record_heap
    heap/heap_walk
    heap/heap
    heap/shared
    heap/large
    heap/span
    pages/region
    pages/quarantine
    pages/cache
    pages/own
    pages/segment
    pages/record
    pages/map
    base/options
    base/report
    base/permanent
    base/lock
    base/thread
    base/zero
    base/os
    base/bits
    base/list
    base/atomic
    base/crt)

# The C sources of the modules that have one. crt.c belongs to the DLL alone (cmake/NmapiDll.cmake).
set(NMAPI_SOURCES "")
foreach(module IN LISTS NMAPI_MODULES)
  if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/${module}.c AND NOT module STREQUAL "base/crt")
    list(APPEND NMAPI_SOURCES ${CMAKE_CURRENT_LIST_DIR}/${module}.c)
  endif()
endforeach()
