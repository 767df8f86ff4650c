# hawser_room(name [PLAIN] [FOLDERS path ...] [LINKS ...] [PRIVATE_LINKS ...] [MESSAGES ...])
#
# A room is a folder and a library: target hawser_<name>, alias hawser::<name>. Every .cpp directly in its folders (by
# default the one of its own name) belongs to it; a room of headers alone is an interface. Headers are included as
# <hawser/room/file.hpp> through a link in the build tree. LINKS names rooms or targets its headers need, PRIVATE_LINKS
# what only its sources need, MESSAGES schemas whose generated headers stay inside. A PLAIN room knows no Asio and no
# Cap'n Proto.
set(HAWSER_INCLUDE_ROOT "${CMAKE_CURRENT_BINARY_DIR}/include")
file(MAKE_DIRECTORY "${HAWSER_INCLUDE_ROOT}/hawser")
foreach(folder base detector resilience interconnect inspect sim)
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}/${folder}" "${HAWSER_INCLUDE_ROOT}/hawser/${folder}" SYMBOLIC)
endforeach()
file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}/interconnect/hawser.hpp" "${HAWSER_INCLUDE_ROOT}/hawser/hawser.hpp"
     SYMBOLIC)

function(hawser_room name)
  cmake_parse_arguments(room "PLAIN" "" "FOLDERS;LINKS;PRIVATE_LINKS;MESSAGES" ${ARGN})
  if(NOT room_FOLDERS)
    set(room_FOLDERS "${name}")
  endif()
  list(TRANSFORM room_FOLDERS PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" OUTPUT_VARIABLE patterns)
  list(TRANSFORM patterns APPEND "/*.cpp")
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  list(TRANSFORM room_LINKS REPLACE "^([a-z_]+)$" "hawser_\\1")

  if(sources)
    add_library(hawser_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(hawser_${name} PRIVATE "$<BUILD_INTERFACE:hawser_flags>" ${room_PRIVATE_LINKS})
    if(room_PLAIN)
      hawser_precompile(hawser_${name} plain)
    else()
      hawser_precompile(hawser_${name} node)
    endif()
  else()
    add_library(hawser_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(hawser::${name} ALIAS hawser_${name})
  set_target_properties(hawser_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(hawser_${name} ${scope} "$<BUILD_INTERFACE:${HAWSER_INCLUDE_ROOT}>"
                             "$<INSTALL_INTERFACE:include>")
  target_link_libraries(hawser_${name} ${scope} ${room_LINKS})
  target_compile_features(hawser_${name} ${scope} cxx_std_20)
  foreach(schema IN LISTS room_MESSAGES)
    if(sources AND EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${schema}")
      hawser_add_messages(hawser_${name} PRIVATE ${schema})
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY HAWSER_ROOMS hawser_${name})
  set_property(GLOBAL APPEND PROPERTY HAWSER_ROOM_FOLDERS ${room_FOLDERS})
endfunction()
