# What `cmake --install` puts in place, beside musterd (src/daemon) and the archives of the rooms (MusterRoom.cmake):
# workerctl, the public headers, and the CMake package. A project that uses the library:
#
#   find_package(Muster CONFIG REQUIRED)
#   target_link_libraries(program PRIVATE Muster::muster)
include(CMakePackageConfigHelpers)

if(TARGET workerctl)
  install(TARGETS workerctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/muster DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Muster)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/MusterConfig.cmake.in ${PROJECT_BINARY_DIR}/MusterConfig.cmake
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/MusterConfigVersion.cmake VERSION ${PROJECT_VERSION}
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/MusterConfig.cmake ${PROJECT_BINARY_DIR}/MusterConfigVersion.cmake
        DESTINATION ${package})
install(EXPORT MusterTargets NAMESPACE Muster:: DESTINATION ${package})
