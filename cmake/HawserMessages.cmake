# hawser_add_messages(target [PRIVATE] file.capnp ...): generates C++ for message schemas and compiles it into `target`.
#
# The generated header is included as "file.capnp.h", by the target and, without PRIVATE, by whoever links it. The schemas
# of one target need different file names. Every top-level struct must carry an explicit `@0x...` id, since that id is what
# travels: one derived from the file would change when the file is renamed or moved. A struct without one stops the
# configuration. Nested structs are parts of a message and need none.
function(hawser_add_messages target)
  cmake_parse_arguments(PARSE_ARGV 1 messages "PRIVATE" "" "")
  set(scope PUBLIC)
  if(messages_PRIVATE)
    set(scope PRIVATE)
  endif()
  if(NOT TARGET ${target})
    message(FATAL_ERROR "hawser_add_messages: there is no target ${target}; add_executable or add_library comes first")
  endif()

  set(generated_dir "${CMAKE_CURRENT_BINARY_DIR}/hawser_messages/${target}")
  file(MAKE_DIRECTORY "${generated_dir}")
  # Where schemas find "/capnp/c++.capnp", should Cap'n Proto live elsewhere than capnp searches by itself. Not its imported
  # targets: Debian's tools are not where those say.
  get_filename_component(capnp_bin_dir "${CAPNP_EXECUTABLE}" DIRECTORY)
  list(TRANSFORM messages_UNPARSED_ARGUMENTS REPLACE "^([^/].*)$" "${CMAKE_CURRENT_SOURCE_DIR}/\\1" OUTPUT_VARIABLE schemas)

  set(outputs)
  foreach(schema IN LISTS schemas)
    if(NOT EXISTS "${schema}")
      message(FATAL_ERROR "hawser_add_messages: no schema at ${schema}")
    endif()
    hawser_demand_message_ids("${schema}")
    get_filename_component(schema_dir "${schema}" DIRECTORY)
    get_filename_component(schema_name "${schema}" NAME)
    set(source "${generated_dir}/${schema_name}.c++")
    set(header "${generated_dir}/${schema_name}.h")
    if(source IN_LIST outputs)
      message(FATAL_ERROR "hawser_add_messages: ${target} has two schemas named ${schema_name}")
    endif()
    # All schemas of the call are dependencies, since one may import another.
    add_custom_command(
      OUTPUT "${source}" "${header}"
      COMMAND "${CAPNP_EXECUTABLE}" compile "-o${CAPNPC_CXX_EXECUTABLE}:${generated_dir}" "--src-prefix=${schema_dir}"
              "-I${capnp_bin_dir}/../include" "${schema}"
      DEPENDS ${schemas}
      COMMENT "Messages of ${schema_name}"
      VERBATIM)
    list(APPEND outputs "${source}" "${header}")
  endforeach()

  # The target may live in another directory than this call: there CMake would know neither that the files are generated
  # nor by whom.
  get_target_property(target_dir ${target} SOURCE_DIR)
  if(NOT target_dir STREQUAL CMAKE_CURRENT_SOURCE_DIR)
    add_custom_target(${target}_messages DEPENDS ${outputs})
    add_dependencies(${target} ${target}_messages)
  endif()
  set_source_files_properties(${outputs} TARGET_DIRECTORY ${target} PROPERTIES GENERATED TRUE)
  set_source_files_properties(${outputs} TARGET_DIRECTORY ${target} PROPERTIES COMPILE_OPTIONS "-w")
  target_sources(${target} PRIVATE ${outputs})
  target_include_directories(${target} SYSTEM ${scope} "$<BUILD_INTERFACE:${generated_dir}>")
  target_link_libraries(${target} ${scope} CapnProto::capnp)
endfunction()

# Stops with file and line at the first top-level struct of `schema` without an explicit id. The schema is looked at again
# whenever it changes.
function(hawser_demand_message_ids schema)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${schema}")
  file(READ "${schema}" text)
  # What would confuse CMake's lists; none of it matters for finding structs.
  string(REGEX REPLACE "[];[\\]" " " text "${text}")
  string(REPLACE "\n" ";" lines "${text}")
  set(depth 0)
  set(line_number 0)
  foreach(line IN LISTS lines)
    math(EXPR line_number "${line_number} + 1")
    string(REGEX REPLACE "\"[^\"]*\"" "" line "${line}")
    string(REGEX REPLACE "#.*$" "" line "${line}")
    string(REGEX MATCHALL "struct[ \t]+[A-Za-z0-9_]+[ \t]*@?(0x[0-9a-fA-F]+)?|{|}" tokens " ${line}")
    foreach(token IN LISTS tokens)
      if(token STREQUAL "{")
        math(EXPR depth "${depth} + 1")
      elseif(token STREQUAL "}")
        math(EXPR depth "${depth} - 1")
      elseif(depth EQUAL 0 AND NOT token MATCHES "@0x")
        string(REGEX REPLACE "^struct[ \t]+([A-Za-z0-9_]+).*$" "\\1" struct "${token}")
        execute_process(COMMAND "${CAPNP_EXECUTABLE}" id OUTPUT_VARIABLE fresh_id OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
        message(FATAL_ERROR "${schema}:${line_number}: struct ${struct} has no explicit id. The id is what travels, and "
                            "without one it would change with the file's name. Write for instance\n"
                            "  struct ${struct} ${fresh_id} {")
      endif()
    endforeach()
  endforeach()
endfunction()
