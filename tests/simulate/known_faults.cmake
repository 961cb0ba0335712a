# Known faults, put back: for each a source file with one line replaced, linked before the library, and a test
# that the simulation finds it within so many schedules and calls it by the invariant that it breaks. The product
# itself has no switch for any of this.
#
# To add one: known_fault(NAME FILE … LINE … BY … BREAKS invariant), with a LINE that occurs once in FILE and a BY
# that compiles. All public symbols of FILE then come from the changed copy.
function(known_fault name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "FILE;LINE;BY;BREAKS;SCHEDULES" "")
  set(copy ${CMAKE_CURRENT_BINARY_DIR}/known_faults/${name}.cpp)
  add_custom_command(OUTPUT ${copy}
    COMMAND ${CMAKE_COMMAND} -D FROM=${PROJECT_SOURCE_DIR}/${ARG_FILE} -D TO=${copy} -D "LINE=${ARG_LINE}" -D "BY=${ARG_BY}"
            -P ${CMAKE_CURRENT_SOURCE_DIR}/mutate.cmake
    DEPENDS ${PROJECT_SOURCE_DIR}/${ARG_FILE} ${CMAKE_CURRENT_SOURCE_DIR}/mutate.cmake ${CMAKE_CURRENT_SOURCE_DIR}/known_faults.cmake
    VERBATIM)
  add_executable(simulate-${name} ${copy} $<TARGET_OBJECTS:simulate-main> $<TARGET_OBJECTS:determinism>)
  target_link_libraries(simulate-${name} PRIVATE simulation Boost::program_options Boost::headers CAF::io CAF::core)
  target_link_options(simulate-${name} PRIVATE -s) # nobody debugs them, and they are many
  set_target_properties(simulate-${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/tests/known-faults)
  add_test(NAME sim:simulate-finds-${name} COMMAND simulate-${name} --schedules ${ARG_SCHEDULES} --expect ${ARG_BREAKS})
  set_tests_properties(sim:simulate-finds-${name} PROPERTIES LABELS sim TIMEOUT 300) # some take hundreds of schedules
endfunction()

# A link that waits for budget is never told that there is some.
known_fault(lost-wake BREAKS pauses SCHEDULES 50
  FILE runtime/core/credit.cpp
  LINE "waiter->budget_available(id)"
  BY "(void)id")
# A link that a slow destination has held up never hears that there is room again.
known_fault(hold-never-lets-go BREAKS pauses SCHEDULES 500
  FILE runtime/core/credit.cpp
  LINE "source_->let_go();"
  BY "(void)source_;")
# Memory that is free is not seen to be.
known_fault(credit-never-returned BREAKS drained SCHEDULES 50
  FILE runtime/core/credit.cpp
  LINE "memory_.sub(n)"
  BY "(void)memory_")
known_fault(credit-returned-twice BREAKS memory SCHEDULES 50
  FILE runtime/core/credit.cpp
  LINE "memory_.sub(n)"
  BY "memory_.sub(2 * n)")
# A link reads on whatever it has let in already.
known_fault(budget-ignored BREAKS memory SCHEDULES 1000
  FILE transports/stream/stream_link.cpp
  LINE "return ledger_->open();"
  BY "return true;")
# What waits longest goes out last.
known_fault(backlog-reordered BREAKS order SCHEDULES 500
  FILE transports/stream/backlog.cpp
  LINE "raw->next = nullptr;"
  BY "if (l.head) return raw->next = l.head, l.head = raw, true; else raw->next = nullptr;")
known_fault(mailbox-reordered BREAKS order SCHEDULES 100
  FILE runtime/workers/pool_mailbox.cpp
  LINE "messages.push_back(std::move(item))"
  BY "messages.insert(h.gathering->messages.begin(), std::move(item))")
known_fault(drop-not-counted BREAKS accounting SCHEDULES 300
  FILE runtime/core/switchboard.cpp
  LINE "dropped_.add(why)"
  BY "(void)why")
# What is left of a stream that has lost a message goes on.
known_fault(stream-with-holes BREAKS no_holes SCHEDULES 1000
  FILE runtime/core/switchboard.cpp
  LINE "broken_.has(broken_flows::key_of(*m), now_())"
  BY "false")
# A destination that is slower than its source loses what is over its hold.
known_fault(slow-reader-loses BREAKS lossless SCHEDULES 2000
  FILE runtime/core/credit.cpp
  LINE "(how_ == over::refuse || !c.source()->can_wait())"
  BY "true")
# Nodes that wait for one another wait until a link is closed for it.
known_fault(stall-never-seen BREAKS pauses SCHEDULES 1000
  FILE transports/stream/backlog.cpp
  LINE "if (idle >= limit.stall)"
  BY "if (false)")
