# For Microsoft's assembler, which has no C preprocessor: the table of src/forward/exports.h as macro calls.
set(nmapi_surface ${PROJECT_SOURCE_DIR}/src/forward/exports.h)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${nmapi_surface})
file(STRINGS ${nmapi_surface} nmapi_rows REGEX "^[A-Z]+\\(.*\\)$")
list(TRANSFORM nmapi_rows REPLACE "^([A-Z]+)\\((.*)\\)$" "        \\1 \\2\n")
string(REPLACE ";" "" nmapi_rows "${nmapi_rows}")
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/surface/surface.inc CONTENT "${nmapi_rows}" @ONLY)
