# Installs the build tree into an empty folder, builds the consumer beside it against that, runs it, and shows that a
# message without an id is refused with file and line. Run by ctest; see tests/CMakeLists.txt for the variables.
set(work "${HAWSER_BUILD_DIR}/install_test")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\n${output}\nended with ${result}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

set(configure "${CMAKE_COMMAND}" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
              "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "-DCMAKE_PREFIX_PATH=${work}/prefix" -S "${work}/consumer")

run("${CMAKE_COMMAND}" --install "${HAWSER_BUILD_DIR}" --prefix "${work}/prefix")
# A copy far from the tree: nothing of the consumer may find its way back by a relative path.
file(COPY "${CONSUMER_DIR}/" DESTINATION "${work}/consumer")
run(${configure} -B "${work}/build")
run("${CMAKE_COMMAND}" --build "${work}/build")
run("${work}/build/consumer")
if(NOT output MATCHES "hawser ${VERSION}")
  message(FATAL_ERROR "the consumer should name version ${VERSION}, but said:\n${output}")
endif()

run("${work}/build/embedder")
if(NOT output MATCHES "n1 says good morning.*delivered")
  message(FATAL_ERROR "the embedder should have greeted itself, but said:\n${output}")
endif()

execute_process(COMMAND ${configure} -B "${work}/refused" -DSCHEMA=without_id.capnp RESULT_VARIABLE result
                OUTPUT_VARIABLE output ERROR_VARIABLE output)
string(REGEX REPLACE "[ \n]+" " " output "${output}")  # CMake breaks its messages into lines
if(result EQUAL 0 OR NOT output MATCHES "without_id\\.capnp:10: struct Nameless has no explicit id")
  message(FATAL_ERROR "a message without an id must be refused with file and line, but configuring said:\n${output}")
endif()
