# SPDX-License-Identifier: Apache-2.0
# cmake -D FROM=source -D TO=copy -D LINE=text -D BY=text -P mutate.cmake
# Copies a source file with one line of it replaced; an error when that line is not there exactly once.
file(READ "${FROM}" text)
string(FIND "${text}" "${LINE}" first)
string(FIND "${text}" "${LINE}" last REVERSE)
if(first EQUAL -1 OR NOT first EQUAL last)
  message(FATAL_ERROR "${FROM} has not exactly one line\n  ${LINE}\n"
          "which a known fault of tests/simulate/known_faults.cmake replaces. If that line has changed, change it there: "
          "the fault must still be one that the simulation finds.")
endif()
string(REPLACE "${LINE}" "${BY}" text "${text}")
file(WRITE "${TO}" "${text}")
