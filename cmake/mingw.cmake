# GCC for Windows (mingw-w64). NMAPI_ARCH, set by the preset, is x64 or x86. On Windows it uses the
# first GCC on PATH, which must be for that architecture.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES NMAPI_ARCH)
if(CMAKE_HOST_WIN32)
  set(CMAKE_C_COMPILER gcc)
  set(CMAKE_RC_COMPILER windres)
  return()
endif()

set(CMAKE_SYSTEM_NAME Windows)

if(NMAPI_ARCH STREQUAL "x86")
  set(CMAKE_SYSTEM_PROCESSOR i686)
  set(nmapi_triplet i686-w64-mingw32)
else()
  set(CMAKE_SYSTEM_PROCESSOR x86_64)
  set(nmapi_triplet x86_64-w64-mingw32)
endif()

set(CMAKE_C_COMPILER ${nmapi_triplet}-gcc)
set(CMAKE_RC_COMPILER ${nmapi_triplet}-windres)

set(CMAKE_FIND_ROOT_PATH /usr/${nmapi_triplet})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)

set(CMAKE_CROSSCOMPILING_EMULATOR sh ${CMAKE_CURRENT_LIST_DIR}/run-wine.sh)
