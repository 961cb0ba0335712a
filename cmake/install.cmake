# `cmake --install`: programs (bin/), what services are written against (include/ockam/, lib/ockam/) and a CMake
# package, so that a project of yours says find_package(ockam) and links ockam::service or ockam::node-main.
include(CMakePackageConfigHelpers)

install(DIRECTORY runtime identity DESTINATION include/ockam/internal COMPONENT headers FILES_MATCHING PATTERN "*.hpp")
install(EXPORT ockam-targets NAMESPACE ockam:: DESTINATION lib/cmake/ockam COMPONENT dev)
configure_package_config_file(cmake/ockam-config.cmake.in ${PROJECT_BINARY_DIR}/ockam-config.cmake
                              INSTALL_DESTINATION lib/cmake/ockam)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ockam-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ockam-config.cmake ${PROJECT_BINARY_DIR}/ockam-config-version.cmake
              cmake/FindCAF.cmake cmake/headers-hash.cmake
        DESTINATION lib/cmake/ockam COMPONENT dev)
