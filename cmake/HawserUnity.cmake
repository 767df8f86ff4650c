# HAWSER_UNITY compiles the files of the larger targets by the dozen, which takes a third of the time: for the release tree,
# which users build once, and the trees that .ci/run builds beside it. It hides what a file forgot to include, so the trees
# one works in (presets dev and clang) do without, and .ci/run builds the rooms concerned one file at a time as well.
#
# The files of such a target share their unnamed namespaces. Where two give one name to different things, one is renamed,
# or named in hawser_apart() and compiled alone.
option(HAWSER_UNITY "Compile many files at once: quicker when everything is built" OFF)
set(HAWSER_UNITY_FILES 12 CACHE STRING "How many at once; 0, a target's all, shows every two names that would meet")
mark_as_advanced(HAWSER_UNITY_FILES)

if(HAWSER_UNITY)
  # A name in one file's unnamed namespace shadows nothing in the next file: the trees without this judge that.
  target_compile_options(hawser_flags INTERFACE -Wno-shadow)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # It takes the files of the dozen for headers.
    target_compile_options(hawser_flags INTERFACE -Wno-subobject-linkage)
  endif()
endif()

# hawser_by_the_dozen(target ...)
function(hawser_by_the_dozen)
  set_target_properties(${ARGN} PROPERTIES UNITY_BUILD "${HAWSER_UNITY}" UNITY_BUILD_BATCH_SIZE "${HAWSER_UNITY_FILES}")
endfunction()

# hawser_apart(file ...), in the folder of their target
function(hawser_apart)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
