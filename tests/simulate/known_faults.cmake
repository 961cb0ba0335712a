# Known faults, put back: for each a source file with one line replaced, linked before the library, and a test
# that the simulation finds it within so many schedules and calls it by the invariant that it breaks. The product
# itself has no switch for any of this.
#
# To add one: known_fault(NAME FILE … LINE … BY … BREAKS invariant), with a LINE that occurs once in FILE and a BY
# that compiles. All public symbols of FILE then come from the changed copy.
function(known_fault name)
  cmake_parse_arguments(ARG "" "FILE;LINE;BY;BREAKS;SCHEDULES" "" ${ARGN})
  set(copy ${CMAKE_CURRENT_BINARY_DIR}/known_faults/${name}.cpp)
  add_custom_command(OUTPUT ${copy}
    COMMAND ${CMAKE_COMMAND} -D FROM=${PROJECT_SOURCE_DIR}/${ARG_FILE} -D TO=${copy} -D "LINE=${ARG_LINE}" -D "BY=${ARG_BY}"
            -P ${CMAKE_CURRENT_SOURCE_DIR}/mutate.cmake
    DEPENDS ${PROJECT_SOURCE_DIR}/${ARG_FILE} ${CMAKE_CURRENT_SOURCE_DIR}/mutate.cmake ${CMAKE_CURRENT_SOURCE_DIR}/known_faults.cmake
    VERBATIM)
  add_executable(simulate-${name} main.cpp ${copy} $<TARGET_OBJECTS:determinism>)
  target_link_libraries(simulate-${name} PRIVATE simulation Boost::program_options Boost::headers CAF::io CAF::core)
  set_target_properties(simulate-${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/tests/known-faults)
  add_test(NAME sim:simulate-finds-${name} COMMAND simulate-${name} --schedules ${ARG_SCHEDULES} --expect ${ARG_BREAKS})
  set_tests_properties(sim:simulate-finds-${name} PROPERTIES LABELS sim TIMEOUT 120)
endfunction()

known_fault(lost-wake FILE runtime/core/credit.cpp SCHEDULES 200 BREAKS pauses
  LINE "    waiter->budget_available(id)[;]" BY "    (void)id[;]")
