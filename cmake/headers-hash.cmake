# What tells one interface of plugins from another: a hash of the headers that services are compiled against. Used by the
# build, and by the installed package for the headers that it finds.
cmake_policy(VERSION 3.25) # whatever the project that includes this wants

# SHA-256 over HEADERS and all of ours that they include, as they are found below ROOTS, without what a compiler does not
# see: comments that have a line or the end of one to themselves, and how much blank space there is. OUT_FILES: which.
function(ockam_headers_hash out out_files)
  cmake_parse_arguments(ARG "" "" "ROOTS;HEADERS" ${ARGN})
  set(todo ${ARG_HEADERS})
  set(seen)
  while(todo)
    list(POP_FRONT todo name)
    set(file)
    foreach(root IN LISTS ARG_ROOTS)
      if(EXISTS ${root}/${name})
        set(file ${root}/${name})
      endif()
    endforeach()
    if(NOT file OR name IN_LIST seen OR name STREQUAL runtime/workers/headers_hash.hpp)
      continue() # not ours, or what is made of this
    endif()
    list(APPEND seen ${name})
    file(READ ${file} text)
    string(REGEX MATCHALL "#include \"[^\"\n]+\"" includes "${text}")
    list(TRANSFORM includes REPLACE "#include \"([^\"]+)\"" "\\1")
    list(APPEND todo ${includes})
    string(REGEX REPLACE "(\n)[ \t]*//[^\n]*" "\\1" text "${text}")
    string(REGEX REPLACE "[ \t]//[^\n\"]*\n" "\n" text "${text}")
    string(REGEX REPLACE "[ \t\r\n]+" " " text "${text}")
    string(SHA256 hash_of_${name} "${text}")
    set(file_of_${name} ${file})
  endwhile()
  list(SORT seen)
  set(all)
  set(files)
  foreach(name IN LISTS seen)
    string(APPEND all "${name} ${hash_of_${name}}\n")
    list(APPEND files ${file_of_${name}})
  endforeach()
  string(SHA256 hash "${all}")
  set(${out} ${hash} PARENT_SCOPE)
  set(${out_files} ${files} PARENT_SCOPE)
endfunction()

# Both: of what a plugin may include, and of <ockam/actor.hpp>, which shows more of the runtime.
macro(ockam_plugin_hashes include) # and where to look for what that includes
  file(GLOB _headers RELATIVE ${include} ${include}/ockam/*.hpp)
  list(REMOVE_ITEM _headers ockam/actor.hpp)
  ockam_headers_hash(OCKAM_SERVICE_HEADERS _service_files ROOTS ${include} ${ARGN} HEADERS ${_headers})
  ockam_headers_hash(OCKAM_ACTOR_HEADERS _actor_files ROOTS ${include} ${ARGN} HEADERS ockam/actor.hpp)
  # Who changes one of them configures anew.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${_service_files} ${_actor_files})
endmacro()
