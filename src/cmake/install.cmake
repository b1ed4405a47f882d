# cmake --install: the program, its manual pages and completion; and, for other programs (docs/library.md), the public headers, the rooms behind them and a
# CMake package whose one target is vbq::vbq.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/vbq)

set(rooms core compress json model onnx quant assign data search engine_common engine_reference engine_cpu ${engine_cuda} engine store)
if(VBQ_HAS_CUDA)
  list(APPEND rooms engine_cuda_plan)
endif()
list(TRANSFORM rooms PREPEND vbq_)
set_target_properties(vbq_library PROPERTIES EXPORT_NAME vbq)

install(TARGETS vbq RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
# What the program says of itself; a build that watches itself is nobody's to install.
if(NOT VBQ_SANITIZE AND NOT VBQ_FUZZ)
  set(share ${PROJECT_BINARY_DIR}/share)
  set(folders ${share}/man/man1 ${share}/bash-completion/completions ${share}/zsh/site-functions)
  add_custom_command(TARGET vbq POST_BUILD
                     COMMAND ${CMAKE_COMMAND} -E make_directory ${folders}
                     COMMAND vbq info --man ${share}/man/man1
                     COMMAND vbq info --completion bash > ${share}/bash-completion/completions/vbq
                     COMMAND vbq info --completion zsh > ${share}/zsh/site-functions/_vbq VERBATIM)
  install(DIRECTORY ${share}/ DESTINATION ${CMAKE_INSTALL_DATADIR})
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/vbq DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS vbq_library vbq_headers ${rooms} EXPORT vbq ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/vbq
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT vbq NAMESPACE vbq:: FILE vbqTargets.cmake DESTINATION ${package})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/vbqConfig.cmake.in ${PROJECT_BINARY_DIR}/vbqConfig.cmake
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/vbqConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/vbqConfig.cmake ${PROJECT_BINARY_DIR}/vbqConfigVersion.cmake DESTINATION ${package})
