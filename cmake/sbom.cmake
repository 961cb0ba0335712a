# cmake -DPROGRAMS=a;b -DVERSION=… -DLISTED=dev/packages -DOUT=… -P sbom.cmake: what the programs are made of, as SPDX 2.3: the
# libraries that they load, with the Debian package that each is from, and the packages that a build needs.
cmake_policy(VERSION 3.25)
file(GET_RUNTIME_DEPENDENCIES EXECUTABLES ${PROGRAMS} RESOLVED_DEPENDENCIES_VAR libraries UNRESOLVED_DEPENDENCIES_VAR missing)

# Which package each file is from, all at once since dpkg reads its lists each time. Of a merged /usr it knows some files by
# their path before that.
set(paths)
foreach(library IN LISTS libraries)
  file(REAL_PATH ${library} real)
  string(REGEX REPLACE "^/usr" "" before "${real}")
  list(APPEND paths ${real} ${before})
endforeach()
execute_process(COMMAND dpkg -S ${paths} OUTPUT_VARIABLE owners ERROR_QUIET)
string(REGEX MATCHALL "[^\n]+" owners "${owners}")
list(TRANSFORM owners REPLACE "^([^: ]+).*" "\\1")
set(loaded ${owners})
list(REMOVE_DUPLICATES loaded)
list(SORT loaded)

set(needed)
file(STRINGS ${LISTED} lines)
foreach(line IN LISTS lines)
  if(line MATCHES "^\\[(.*)\\]")
    set(group ${CMAKE_MATCH_1})
  elseif(group STREQUAL build AND line MATCHES "^[a-z]")
    list(APPEND needed ${line})
  endif()
endforeach()

# What dpkg knows of a package, `described_NAME`: `version|source`.
execute_process(COMMAND dpkg-query -W -f "\${Package} \${Version}|\${source:Package}\n" ${loaded} ${needed} OUTPUT_VARIABLE known ERROR_QUIET)
string(REGEX MATCHALL "[^\n]+" known "${known}")
foreach(line IN LISTS known)
  string(REGEX MATCH "^([^ ]+) (.*)$" line "${line}")
  set(described_${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
endforeach()

set(packages)
set(relations)
function(add_package name relation from to)
  set(said "${described_${name}}")
  if(NOT said MATCHES "^[^|]")
    set(said "NOASSERTION|${name}") # not of this system
  endif()
  string(REPLACE "|" ";" said "${said}")
  list(GET said 0 version)
  list(GET said 1 source)
  string(REGEX REPLACE "[^A-Za-z0-9.-]" "-" id "SPDXRef-${relation}-${name}")
  string(REPLACE "ID" "${id}" from "${from}")
  string(REPLACE "ID" "${id}" to "${to}")
  string(REPLACE "+" "%2B" purl "pkg:deb/debian/${name}@${version}?distro=bookworm")
  set(packages "${packages},
    {\"SPDXID\": \"${id}\", \"name\": \"${name}\", \"versionInfo\": \"${version}\", \"supplier\": \"Organization: Debian\", \"sourceInfo\": \"Debian source package ${source}\",
     \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false, \"licenseConcluded\": \"NOASSERTION\", \"licenseDeclared\": \"NOASSERTION\", \"copyrightText\": \"NOASSERTION\",
     \"externalRefs\": [{\"referenceCategory\": \"PACKAGE-MANAGER\", \"referenceType\": \"purl\", \"referenceLocator\": \"${purl}\"}]}" PARENT_SCOPE)
  set(relations "${relations},
    {\"spdxElementId\": \"${from}\", \"relationshipType\": \"${relation}\", \"relatedSpdxElement\": \"${to}\"}" PARENT_SCOPE)
endfunction()
foreach(name IN LISTS loaded)
  add_package(${name} DYNAMIC_LINK "SPDXRef-ockam" "ID")
endforeach()
foreach(name IN LISTS needed)
  add_package(${name} BUILD_DEPENDENCY_OF "ID" "SPDXRef-ockam")
endforeach()

set(all)
foreach(program IN LISTS PROGRAMS)
  file(SHA256 ${program} hash)
  string(APPEND all ${hash})
endforeach()
string(SHA256 all "${all}")
string(TIMESTAMP now "%Y-%m-%dT%H:%M:%SZ" UTC) # SOURCE_DATE_EPOCH, where it is set
file(WRITE ${OUT} "{
  \"spdxVersion\": \"SPDX-2.3\",
  \"dataLicense\": \"CC0-1.0\",
  \"SPDXID\": \"SPDXRef-DOCUMENT\",
  \"name\": \"ockam-${VERSION}\",
  \"documentNamespace\": \"https://spdx.org/spdxdocs/ockam-${VERSION}-${all}\",
  \"creationInfo\": {\"created\": \"${now}\", \"creators\": [\"Tool: cmake/sbom.cmake\"]},
  \"packages\": [
    {\"SPDXID\": \"SPDXRef-ockam\", \"name\": \"ockam\", \"versionInfo\": \"${VERSION}\", \"downloadLocation\": \"NOASSERTION\", \"filesAnalyzed\": false,
     \"licenseConcluded\": \"Apache-2.0\", \"licenseDeclared\": \"Apache-2.0\", \"copyrightText\": \"NOASSERTION\"}${packages}
  ],
  \"relationships\": [
    {\"spdxElementId\": \"SPDXRef-DOCUMENT\", \"relationshipType\": \"DESCRIBES\", \"relatedSpdxElement\": \"SPDXRef-ockam\"}${relations}
  ]
}
")
