# What a builder may choose, and what every target of ours is compiled with.
option(HAWSER_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(HAWSER_BUILD_BENCH "Build the benchmarks" OFF)
option(HAWSER_BUILD_FUZZ "Build the fuzzers; clang++ only" OFF)
option(HAWSER_WARNINGS_AS_ERRORS "Stop at a warning in Hawser's own code; never so in a sanitized build" ON)
option(HAWSER_MUTANTS "Build the library with a switch that breaks it, for ./run mutants alone" OFF)
set(HAWSER_SANITIZE "" CACHE STRING "Sanitizers for everything built here: address,undefined or thread")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, RelWithDebInfo or Release" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(HAWSER_CCACHE ccache)
mark_as_advanced(HAWSER_CCACHE)
if(HAWSER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without this it does not keep what was compiled with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_SLOPPINESS=pch_defines,time_macros"
      "${HAWSER_CCACHE}")
endif()

# Ours only: warnings as errors must not reach code we did not write. -ffp-contract=off: the same sums everywhere.
add_library(hawser_flags INTERFACE)
target_compile_options(hawser_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                       -ffp-contract=off)
if(HAWSER_WARNINGS_AS_ERRORS AND NOT HAWSER_SANITIZE)
  target_compile_options(hawser_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees overlaps in "text" + std::string, and uninitialised halves in a moved std::variant.
  target_compile_options(hawser_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()

# Directory-wide: headers and every program must agree.
if(HAWSER_MUTANTS)
  add_compile_definitions(HAWSER_MUTANTS)
endif()

# Directory-wide, not on hawser_flags: code generated from schemas and the test programs' mains must have them too.
if(HAWSER_SANITIZE)
  add_compile_options(-fsanitize=${HAWSER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HAWSER_SANITIZE})
  # What g++ believes about data flow is often wrong once the checks are woven in; the plain builds judge that. -Wno-tsan:
  # Asio's fences, which the thread sanitizer cannot see.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-maybe-uninitialized -Wno-tsan)
  elseif(HAWSER_SANITIZE MATCHES undefined)
    # clang 14 cannot emit a coroutine whose calls through pointers are checked.
    add_compile_options(-fno-sanitize=function)
  endif()
endif()
