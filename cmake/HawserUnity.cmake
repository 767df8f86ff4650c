# HAWSER_UNITY compiles the files of a target by the dozen, which halves the work: for the trees that .ci/run builds beside
# the release tree. It hides what a file forgot to include, so the trees one works in, and the release tree, do without.
#
# Files of a dozen share their unnamed namespaces. Two that give one name to different things must be kept apart: either
# one is renamed, or one is named in hawser_apart() and compiled alone.
option(HAWSER_UNITY "Compile many files at once: quicker when everything is built" OFF)

if(HAWSER_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
  # A name in one file's unnamed namespace shadows nothing in the next file: the trees without this judge that.
  target_compile_options(hawser_flags INTERFACE -Wno-shadow)
endif()

# hawser_apart(file ...): these are compiled alone, as everywhere without HAWSER_UNITY.
function(hawser_apart)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
