# Debian's libcaf-dev ships neither a CMake package nor a pkg-config file. Defines CAF_FOUND,
# CAF_VERSION, CAF_NUMBER (1706 for 0.17.6) and the targets CAF::core, CAF::io and CAF::openssl (components; core is implied).
find_path(CAF_INCLUDE_DIR caf/config.hpp)
if(CAF_INCLUDE_DIR)
  file(STRINGS ${CAF_INCLUDE_DIR}/caf/config.hpp _caf_version_line REGEX "#define CAF_VERSION ")
  string(REGEX REPLACE ".*CAF_VERSION ([0-9]+).*" "\\1" CAF_NUMBER "${_caf_version_line}")
  math(EXPR _caf_major "${CAF_NUMBER} / 10000")
  math(EXPR _caf_minor "(${CAF_NUMBER} / 100) % 100")
  math(EXPR _caf_patch "${CAF_NUMBER} % 100")
  set(CAF_VERSION ${_caf_major}.${_caf_minor}.${_caf_patch})
endif()

foreach(_part core ${CAF_FIND_COMPONENTS})
  find_library(CAF_${_part}_LIBRARY caf_${_part})
  if(CAF_${_part}_LIBRARY)
    set(CAF_${_part}_FOUND TRUE)
    if(NOT TARGET CAF::${_part})
      add_library(CAF::${_part} UNKNOWN IMPORTED)
      # SYSTEM: CAF's headers do not compile under our warnings.
      set_target_properties(CAF::${_part} PROPERTIES IMPORTED_LOCATION ${CAF_${_part}_LIBRARY}
                            INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${CAF_INCLUDE_DIR})
      if(NOT _part STREQUAL "core")
        target_link_libraries(CAF::${_part} INTERFACE CAF::core)
      endif()
    endif()
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF REQUIRED_VARS CAF_INCLUDE_DIR CAF_core_LIBRARY
                                  VERSION_VAR CAF_VERSION HANDLE_COMPONENTS)
