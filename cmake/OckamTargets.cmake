# What every target of ours gets: strict warnings as errors, and the project root as include path.
function(ockam_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                         -Wnon-virtual-dtor -Woverloaded-virtual
                         # g++ 12 sees overlaps in std::string that are none (PR 105329). Clang, which only
                         # builds the fuzzers, warns of other things than what this code is written for.
                         $<$<CXX_COMPILER_ID:GNU>:-Werror;-Wno-restrict>)
endfunction()

# One library a folder: ockam_library(NAME core SOURCES … PUBLIC libs… PRIVATE libs…). NOT_INSTALLED: only the build and
# the tests use it.
function(ockam_library)
  cmake_parse_arguments(ARG "NOT_INSTALLED" "NAME" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(ockam-${ARG_NAME} STATIC ${ARG_SOURCES})
  add_library(ockam::${ARG_NAME} ALIAS ockam-${ARG_NAME})
  set_target_properties(ockam-${ARG_NAME} PROPERTIES EXPORT_NAME ${ARG_NAME}
                        POSITION_INDEPENDENT_CODE ON)
  target_include_directories(ockam-${ARG_NAME} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>
    $<INSTALL_INTERFACE:include/ockam/internal>)
  target_link_libraries(ockam-${ARG_NAME} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  ockam_warnings(ockam-${ARG_NAME})
  if(NOT ARG_NOT_INSTALLED)
    install(TARGETS ockam-${ARG_NAME} EXPORT ockam-targets ARCHIVE DESTINATION lib/ockam COMPONENT dev)
  endif()
endfunction()
