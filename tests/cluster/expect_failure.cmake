# Runs PROGRAM CASE on 3 ranks; fails unless it exits with CODE and says SENTENCE exactly once.
#
# Open MPI 4.1's mpirun now and then loses the exit code of an abort over a fault of its own (ORTE_ERROR_LOG): then once more.
foreach(try 1 2 3)
  execute_process(COMMAND ${MPIEXEC} ${FLAG} 3 ${PROGRAM} ${CASE} RESULT_VARIABLE code ERROR_VARIABLE words
                  OUTPUT_VARIABLE printed TIMEOUT 60)
  if(NOT words MATCHES "ORTE_ERROR_LOG")
    break()
  endif()
endforeach()
string(REGEX MATCHALL "${SENTENCE}" said "${words}")
list(LENGTH said times)
if(NOT code STREQUAL CODE OR NOT times EQUAL 1)
  message(FATAL_ERROR "exit code ${code} (expected ${CODE}), sentence found ${times} times (expected 1): ${SENTENCE}\n"
                      "standard error was:\n${words}\nstandard output was:\n${printed}")
endif()
