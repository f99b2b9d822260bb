# Searches one variant of the model exhaustively:
#   cmake -DMODEL=file -DFOLDER=folder -DDEFINES=-Da;-Db -DEXPECT=clean|error -DSPIN=… -DCC=…
#     -P check.cmake
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
configure_file(${MODEL} ${FOLDER}/model.pml COPYONLY)
execute_process(COMMAND ${SPIN} -a ${DEFINES} model.pml WORKING_DIRECTORY ${FOLDER}
                COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
execute_process(COMMAND ${CC} -O1 -w -DSAFETY -DCOLLAPSE -o pan pan.c
                WORKING_DIRECTORY ${FOLDER} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${FOLDER}/pan -m1000000 WORKING_DIRECTORY ${FOLDER}
                OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(REGEX MATCH "errors: ([0-9]+)" found "${output}")
set(errors "${CMAKE_MATCH_1}")
string(REGEX MATCH "([0-9]+) states, stored" found "${output}")
set(states "${CMAKE_MATCH_1}")
string(REGEX MATCH "pan:1: [^\n]*" what "${output}")
message("${DEFINES}: ${states} states, ${errors} errors ${what}")
if(errors STREQUAL "" OR states STREQUAL "" OR states LESS 1000)
  message(FATAL_ERROR "no search:\n${output}")
elseif(EXPECT STREQUAL clean AND (NOT errors EQUAL 0 OR output MATCHES "max search depth|not completed"))
  message(FATAL_ERROR "the protocol is wrong, or the search not whole:\n${output}")
elseif(EXPECT STREQUAL error AND errors EQUAL 0)
  message(FATAL_ERROR "a protocol that is broken on purpose was not found out")
endif()
