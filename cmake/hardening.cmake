# What makes a mistake in memory harder to use against whoever runs these programs; the release preset has it on. The
# programs of a release are looked at by tests/package/test_hardening.py, so that a flag which a compiler drops is noticed.
option(OCKAM_HARDEN "Stack protector, FORTIFY_SOURCE, control-flow protection, PIE, read-only relocations" OFF)
if(OCKAM_HARDEN)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES CXX)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_compile_options(-fstack-protector-strong -fstack-clash-protection -Wformat -Werror=format-security)
  add_compile_definitions(_FORTIFY_SOURCE=2)
  # Position-independent code calls each function as one that another library may replace, and inlines none across that; nobody
  # replaces those of a program, and the tests replace none.
  add_compile_options(-fno-semantic-interposition)
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
    add_compile_options(-fcf-protection)
  endif()
  add_link_options(LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
  # The same bytes wherever the tree lies: `dev/reproducible`.
  add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
endif()
