# The libraries Hawser is built on. What a program that uses an installed Hawser must find again is in
# hawserConfig.cmake.in; cmake/packages.txt names the Debian packages.
set(FOUND_LIBATOMIC TRUE)  # Cap'n Proto's own look-up for it fails in projects without C
find_package(CapnProto REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(cppzmq REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(xxHash REQUIRED)
find_package(Threads REQUIRED)
