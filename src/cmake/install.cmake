# cmake --install, in two components. program: vbq itself, its manual pages and completion, documents and the jobs that come with it. development: for
# other programs (docs/library.md), the public headers, the rooms behind them and a CMake package whose one target is vbq::vbq.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/vbq)

set(rooms core compress json model onnx quant assign data search engine_common engine_reference engine_cpu engine_cuda_plan ${engine_cuda} engine store)
list(TRANSFORM rooms PREPEND vbq_)
set_target_properties(vbq_library PROPERTIES EXPORT_NAME vbq)

install(TARGETS vbq RUNTIME_DEPENDENCY_SET carried RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
# What the program says of itself; a build that watches itself is nobody's to install.
if(NOT VBQ_SANITIZE AND NOT VBQ_FUZZ)
  set(share ${PROJECT_BINARY_DIR}/share)
  set(folders ${share}/man/man1 ${share}/bash-completion/completions ${share}/zsh/site-functions)
  add_custom_command(TARGET vbq POST_BUILD
                     COMMAND ${CMAKE_COMMAND} -E make_directory ${folders}
                     COMMAND vbq info --man ${share}/man/man1
                     COMMAND vbq info --completion bash > ${share}/bash-completion/completions/vbq
                     COMMAND vbq info --completion zsh > ${share}/zsh/site-functions/_vbq VERBATIM)
  install(DIRECTORY ${share}/ DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT program)
endif()
# The licence under the name that Debian wants it to have. Jobs without what needs a checkout (run.sh) or was prepared in them.
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright COMPONENT program)
install(FILES ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/jobs DESTINATION ${CMAKE_INSTALL_DATADIR}/vbq COMPONENT program USE_SOURCE_PERMISSIONS
        FILES_MATCHING PATTERN "*.toml" PATTERN "*.md" PATTERN "*.sh" PATTERN "*.sbatch" PATTERN runs EXCLUDE PATTERN run.sh EXCLUDE)
set(digits ${PROJECT_SOURCE_DIR}/jobs/digits)
install(FILES ${digits}/digits.onnx ${digits}/digits_train.h5 ${digits}/digits_test.h5 DESTINATION ${CMAKE_INSTALL_DATADIR}/vbq/jobs/digits
        COMPONENT program)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/vbq DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(TARGETS vbq_library vbq_headers ${rooms} EXPORT vbq ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/vbq COMPONENT development
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT vbq NAMESPACE vbq:: FILE vbqTargets.cmake DESTINATION ${package} COMPONENT development)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/vbqConfig.cmake.in ${PROJECT_BINARY_DIR}/vbqConfig.cmake
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/vbqConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/vbqConfig.cmake ${PROJECT_BINARY_DIR}/vbqConfigVersion.cmake DESTINATION ${package}
        COMPONENT development)
