# The libraries Hawser stands on.
set(FOUND_LIBATOMIC TRUE)  # Cap'n Proto's own look-up for it fails in projects without C
find_package(CapnProto REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(cppzmq REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Threads REQUIRED)

if(NOT TARGET xxHash::xxhash)
  find_path(HAWSER_XXHASH_INCLUDE xxhash.h REQUIRED)
  find_library(HAWSER_XXHASH_LIBRARY xxhash REQUIRED)
  add_library(xxHash::xxhash UNKNOWN IMPORTED)
  set_target_properties(xxHash::xxhash PROPERTIES IMPORTED_LOCATION "${HAWSER_XXHASH_LIBRARY}"
                        INTERFACE_INCLUDE_DIRECTORIES "${HAWSER_XXHASH_INCLUDE}")
endif()
