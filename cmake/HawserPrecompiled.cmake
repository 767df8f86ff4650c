# Headers that nearly every file includes, compiled once: parsing them takes more than half of the time of a build.
#
# Only headers that are not ours, so that no change of ours compiles everything anew. Files still include what they use:
# .ci/run builds the simulator, the transport and the rooms beneath them with HAWSER_PRECOMPILE=OFF.
option(HAWSER_PRECOMPILE "Compile the standard library's and other libraries' headers once" ON)

if(HAWSER_PRECOMPILE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 forgets that precompiled code came from system headers, and takes std::string's own checks for overflows.
  target_compile_options(hawser_flags INTERFACE -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
endif()

set(hawser_common_headers <algorithm> <array> <atomic> <chrono> <cstdint> <functional> <map> <memory> <mutex> <optional>
    <ostream> <set> <span> <sstream> <string> <string_view> <unordered_map> <utility> <variant> <vector>)
set(hawser_asio_headers <boost/asio/any_io_executor.hpp> <boost/asio/async_result.hpp> <boost/asio/awaitable.hpp>
    <boost/asio/co_spawn.hpp> <boost/asio/dispatch.hpp> <boost/asio/post.hpp>)
set(hawser_capnp_headers <capnp/message.h> <capnp/serialize.h>)

# hawser_quick_to_compile(target): for tests and commands, of which two thirds of the compiler's time would go into a speed
# that nobody waits for: what they drive is compiled as ever.
function(hawser_quick_to_compile target)
  target_compile_options(${target} PRIVATE "$<$<CONFIG:RelWithDebInfo>:-O1>")
endfunction()

# hawser_precompile(target plain|node|tool|test): the target shares one set with all that ask for the same.
function(hawser_precompile target kind)
  if(NOT HAWSER_PRECOMPILE)
    return()
  endif()
  set(owner "hawser_precompiled_${kind}")
  if(NOT TARGET ${owner})
    set(source "${CMAKE_BINARY_DIR}/${owner}.cpp")
    file(CONFIGURE OUTPUT "${source}" CONTENT "// Holds the precompiled headers of the kind ${kind}.\n")
    add_library(${owner} OBJECT EXCLUDE_FROM_ALL "${source}")
    target_link_libraries(${owner} PRIVATE hawser_flags)
    set(headers ${hawser_common_headers})
    if(NOT kind STREQUAL "plain")
      list(APPEND headers ${hawser_asio_headers} ${hawser_capnp_headers})
      target_link_libraries(${owner} PRIVATE Boost::headers CapnProto::capnp)
    endif()
    if(kind STREQUAL "tool")
      list(APPEND headers <nlohmann/json.hpp>)
      target_link_libraries(${owner} PRIVATE nlohmann_json::nlohmann_json)
      hawser_quick_to_compile(${owner})
    endif()
    if(kind STREQUAL "test")
      list(APPEND headers <catch2/catch.hpp>)
      target_link_libraries(${owner} PRIVATE Catch2::Catch2)
      hawser_quick_to_compile(${owner})
    endif()
    target_precompile_headers(${owner} PRIVATE ${headers})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${owner})
endfunction()
