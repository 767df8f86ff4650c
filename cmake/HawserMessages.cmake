# hawser_add_messages(target file.capnp ...): generates C++ for message schemas and compiles it into `target`.
#
# The generated header is included as "file.capnp.h". Every struct that is sent must carry an explicit `@0x...` id,
# since that id is what travels: one derived from the file would change when the file is moved.
function(hawser_add_messages target)
  set(generated_dir "${CMAKE_CURRENT_BINARY_DIR}/hawser_messages/${target}")
  foreach(schema IN LISTS ARGN)
    get_filename_component(schema_path "${schema}" ABSOLUTE)
    get_filename_component(schema_dir "${schema_path}" DIRECTORY)
    get_filename_component(schema_name "${schema_path}" NAME)
    if(NOT EXISTS "${schema_path}")
      message(FATAL_ERROR "hawser_add_messages: no schema at ${schema_path}")
    endif()
    file(MAKE_DIRECTORY "${generated_dir}")
    set(source "${generated_dir}/${schema_name}.c++")
    set(header "${generated_dir}/${schema_name}.h")
    add_custom_command(
      OUTPUT "${source}" "${header}"
      COMMAND ${CAPNP_EXECUTABLE} compile -o${CAPNPC_CXX_EXECUTABLE}:${generated_dir} --src-prefix=${schema_dir}
              -I${CAPNP_INCLUDE_DIRECTORY} ${schema_path}
      DEPENDS "${schema_path}"
      COMMENT "Messages of ${schema_name}"
      VERBATIM)
    set_source_files_properties("${source}" PROPERTIES COMPILE_OPTIONS "-w")
    target_sources(${target} PRIVATE "${source}" "${header}")
  endforeach()
  target_include_directories(${target} SYSTEM PUBLIC "$<BUILD_INTERFACE:${generated_dir}>")
  target_link_libraries(${target} PUBLIC CapnProto::capnp)
endfunction()
