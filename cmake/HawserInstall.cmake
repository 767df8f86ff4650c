# cmake --install: libraries, headers and the package that find_package(hawser) finds. tests/install holds a consumer.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# What most programs link: nodes on real sockets, <hawser/hawser.hpp>.
add_library(hawser_hawser INTERFACE)
add_library(hawser::hawser ALIAS hawser_hawser)
set_target_properties(hawser_hawser PROPERTIES EXPORT_NAME hawser)
target_link_libraries(hawser_hawser INTERFACE hawser_interconnect_zmq)

get_property(rooms GLOBAL PROPERTY HAWSER_ROOMS)
get_property(folders GLOBAL PROPERTY HAWSER_ROOM_FOLDERS)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/hawser")

install(TARGETS hawser_hawser ${rooms} EXPORT hawser ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT hawser NAMESPACE hawser:: FILE hawserTargets.cmake DESTINATION ${package_dir})
foreach(folder IN LISTS folders)
  file(GLOB headers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.hpp")
  list(FILTER headers EXCLUDE REGEX "/interconnect/hawser\\.hpp$")
  install(FILES ${headers} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/hawser/${folder}")
endforeach()
if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/interconnect/hawser.hpp")
  install(FILES interconnect/hawser.hpp DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/hawser")
endif()

configure_package_config_file(cmake/hawserConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/hawserConfig.cmake"
                              INSTALL_DESTINATION ${package_dir})
# Before 1.0 a new minor version may break.
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/hawserConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/hawserConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/hawserConfigVersion.cmake"
              cmake/HawserMessages.cmake cmake/FindxxHash.cmake
        DESTINATION ${package_dir})
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
