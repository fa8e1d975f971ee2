# Installation: headers, libraries, a CMake package and a pkg-config file.
include(CMakePackageConfigHelpers)
foreach(library baro baro_posix baro_network baro_service baro_explain)
  if(TARGET ${library})
    list(APPEND BARO_INSTALLED ${library})
  endif()
endforeach()
install(TARGETS ${BARO_INSTALLED} EXPORT baro-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/baro DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT baro-targets NAMESPACE baro:: FILE baro-targets.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/baro)
configure_package_config_file(cmake/baro-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/baro-config.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/baro)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/baro-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/baro-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/baro-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/baro)
# Relative to itself, so that an installed tree may be moved.
file(RELATIVE_PATH BARO_PC_PREFIX /x/${CMAKE_INSTALL_LIBDIR}/pkgconfig /x)
configure_file(cmake/baro.pc.in ${CMAKE_CURRENT_BINARY_DIR}/baro.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/baro.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man3 FILES_MATCHING PATTERN "*.3")
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
