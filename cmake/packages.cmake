# Debian packages: `dev/package`, or cpack -G DEB in a build. ockam-node is what an operator installs, ockam-dev what services
# are written with. What only a package has is left out of `cmake --install`.
set(packaging ${PROJECT_SOURCE_DIR}/packaging)
set(_made ${PROJECT_BINARY_DIR}/packaging)

# A package has to name somebody. Without an address of who publishes it, it is one that nobody has (RFC 2606).
set(OCKAM_PACKAGE_CONTACT "ockam maintainers <maintainers@ockam.invalid>" CACHE STRING "Maintainer of the packages: NAME <ADDRESS> of who publishes them")

# The date of a release is that of the sources, so that the same sources make the same package (SOURCE_DATE_EPOCH).
string(TIMESTAMP _date "%a, %d %b %Y %H:%M:%S +0000" UTC)
foreach(name ockam-node ockam-dev)
  configure_file(${packaging}/debian/changelog.in ${_made}/${name}/changelog @ONLY)
  install(CODE "execute_process(COMMAND gzip -9nkf \"${_made}/${name}/changelog\" COMMAND_ERROR_IS_FATAL ANY)" COMPONENT package-${name} EXCLUDE_FROM_ALL)
  install(FILES ${_made}/${name}/changelog.gz ${packaging}/debian/copyright DESTINATION share/doc/${name} COMPONENT package-${name} EXCLUDE_FROM_ALL)
endforeach()
install(FILES ${packaging}/debian/ockam-node.lintian-overrides DESTINATION share/lintian/overrides RENAME ockam-node
        COMPONENT package-ockam-node EXCLUDE_FROM_ALL)
function(ockam_package_files from)
  cmake_parse_arguments(ARG "" "TO;NAME" "" ${ARGN})
  install(FILES ${packaging}/${from} DESTINATION ${ARG_TO} RENAME ${ARG_NAME} COMPONENT package-ockam-node EXCLUDE_FROM_ALL)
endfunction()
ockam_package_files(systemd/ockam-node@.service TO /lib/systemd/system NAME ockam-node@.service)
ockam_package_files(systemd/sysusers.conf TO lib/sysusers.d NAME ockam-node.conf)
ockam_package_files(systemd/tmpfiles.conf TO lib/tmpfiles.d NAME ockam-node.conf)
ockam_package_files(config/default.ini TO /etc/ockam NAME default.ini)
ockam_package_files(logrotate/ockam-node TO /etc/logrotate.d NAME ockam-node)
install(DIRECTORY contrib/ DESTINATION share/doc/ockam-node/examples COMPONENT package-ockam-node EXCLUDE_FROM_ALL)
install(DIRECTORY examples/ DESTINATION share/doc/ockam-dev/examples COMPONENT package-ockam-dev EXCLUDE_FROM_ALL
        PATTERN build EXCLUDE PATTERN __pycache__ EXCLUDE)
foreach(name ockam-node ockam-dev)
  install(DIRECTORY docs/ DESTINATION share/doc/${name}/docs COMPONENT package-${name} EXCLUDE_FROM_ALL PATTERN "*.md")
endforeach()
install(FILES SECURITY.md DESTINATION share/doc/ockam-node COMPONENT package-ockam-node EXCLUDE_FROM_ALL)

install(CODE "file(GLOB libraries \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/ockam/*.a\")
  execute_process(COMMAND strip --strip-debug --enable-deterministic-archives \${libraries} COMMAND_ERROR_IS_FATAL ANY)" COMPONENT package-ockam-dev EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR ockam)
set(CPACK_PACKAGE_CONTACT "${OCKAM_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "node runtime for application-layer routing")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
# Units and configuration have places that no prefix moves.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL node package-ockam-node headers dev package-ockam-dev)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_DEBIAN_NODE_PACKAGE_NAME ockam-node)
set(CPACK_DEBIAN_NODE_PACKAGE_SECTION net)
set(CPACK_DEBIAN_NODE_PACKAGE_SHLIBDEPS ON)
# What makes the user and the directories, in its small form where there is no systemd.
set(CPACK_DEBIAN_NODE_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles, passwd")
set(CPACK_DEBIAN_NODE_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_NODE_PACKAGE_SUGGESTS "logrotate, bash-completion, man-db")
set(CPACK_DEBIAN_NODE_PACKAGE_CONTROL_EXTRA ${packaging}/debian/postinst ${packaging}/debian/prerm ${packaging}/debian/postrm
    ${packaging}/debian/conffiles)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME ockam-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libcaf-dev (>= 0.17.6), libcaf-dev (<< 0.18), libprotobuf-dev, libboost-dev, libboost-program-options-dev, \
libspdlog-dev, libfmt-dev, nlohmann-json3-dev, libyaml-cpp-dev, libsqlite3-dev, libssl-dev, prometheus-cpp-dev, libcpp-httplib-dev, liblua5.4-dev, \
libwslay-dev, libunistring-dev, libp11-kit-dev, pkg-config")
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "g++, cmake, ockam-node")

# Below the summary, which both have.
set(CPACK_COMPONENT_NODE_DESCRIPTION "Messages between named workers, over any number of hops: inside one process,
across many, over TCP, UDP, WebSocket and Unix sockets, with relays, TCP
portals and secure channels on top. This package has the node (ockam-node),
which runs as a service of systemd, and the command line (ockam).")
set(CPACK_COMPONENT_DEV_DESCRIPTION "Development files: headers, libraries and a CMake package for services of
your own, which are plugins for ockam-node or programs that are a node, with
examples and documentation.")
include(CPack)
cpack_add_component_group(node)
cpack_add_component_group(dev)
cpack_add_component(node GROUP node)
cpack_add_component(package-ockam-node GROUP node)
cpack_add_component(headers GROUP dev)
cpack_add_component(dev GROUP dev)
cpack_add_component(package-ockam-dev GROUP dev)
