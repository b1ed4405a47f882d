# Packages (docs/install.md): `cpack` in a build folder makes Debian packages and a tarball that runs from any folder; the target `wheel` makes one for Python.
# Tarball and wheel carry the libraries that a machine may lack (component carried) in lib/vbq, where the program looks first. What they leave to the machine is
# what wheels leave to it by custom (auditwheel's list: the C and C++ libraries, zlib); CUDA's driver; and MPI, for the library must be of one build with the
# mpirun that starts it and with the network's own drivers, which are a cluster's.
set_target_properties(vbq PROPERTIES INSTALL_RPATH "\$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/vbq")
# As DT_RPATH, which is for the libraries' own libraries too, and which LD_LIBRARY_PATH does not override. Without calls of MPI's, its library is not asked for.
target_link_options(vbq PRIVATE LINKER:--disable-new-dtags LINKER:--as-needed)
install(RUNTIME_DEPENDENCY_SET carried
        PRE_EXCLUDE_REGEXES "^lib(c|m|mvec|dl|rt|pthread|resolv|util|stdc\\+\\+|gcc_s|z|cuda|mpi)\\.so" "^ld-linux"
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/vbq COMPONENT carried EXCLUDE_FROM_ALL)
install(CODE "set(VBQ_CARRIED_DIR ${CMAKE_INSTALL_LIBDIR}/vbq)\nset(VBQ_LICENCES_DIR ${CMAKE_INSTALL_DOCDIR}/carried)" COMPONENT carried EXCLUDE_FROM_ALL)
install(SCRIPT ${CMAKE_CURRENT_LIST_DIR}/carried.cmake COMPONENT carried EXCLUDE_FROM_ALL)

string(TOLOWER "${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR}" system)
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME vbq)
set(CPACK_PACKAGE_VENDOR "vbq developers")
set(CPACK_PACKAGE_CONTACT "vbq developers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "quantise the weights of trained CNNs by search")
string(CONCAT CPACK_PACKAGE_DESCRIPTION
       "vbq searches for the number format in which a trained network's weights fit in a few bits, or in a budget of bytes, with the highest "
       "accuracy: on one machine, or over the ranks of an MPI job, with the same result to the bit. It reads and writes ONNX files.")
set(CPACK_PACKAGE_FILE_NAME vbq-${PROJECT_VERSION}-${system})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/cpack_generator.cmake)  # which components a kind of package has
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/cpack_rpath.cmake)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)

# mpirun comes with vbq; what a program of its own is linked with, with the headers.
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME vbq)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS openmpi-bin)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libvbq-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libfmt-dev, libspdlog-dev, libprotobuf-dev, protobuf-compiler, libonnx-dev, zlib1g-dev, libzstd-dev, libxxhash-dev, libjpeg-dev, libpng-dev, libhdf5-dev, libdnnl-dev, ocl-icd-opencl-dev")
include(CPack)

# A wheel is a folder with metadata, zipped by `python3 -m wheel pack`: module and program, the latter as in the tarball. It goes with any Python 3, as nothing is
# linked with Python. linux_x86_64: for machines with this one's C library or a newer one; indexes ask for manylinux tags, which auditwheel gives.
string(REPLACE "-" "_" VBQ_WHEEL_PLATFORM ${system})
set(python ${PROJECT_SOURCE_DIR}/src/python)
set(tree ${PROJECT_BINARY_DIR}/wheel)
set(info vbq-${PROJECT_VERSION}.dist-info)
configure_file(${python}/METADATA.in ${PROJECT_BINARY_DIR}/${info}/METADATA @ONLY)
configure_file(${python}/WHEEL.in ${PROJECT_BINARY_DIR}/${info}/WHEEL @ONLY)
install(FILES ${python}/vbq/__init__.py DESTINATION vbq COMPONENT wheel EXCLUDE_FROM_ALL)
install(FILES ${PROJECT_BINARY_DIR}/${info}/METADATA ${PROJECT_BINARY_DIR}/${info}/WHEEL ${python}/entry_points.txt ${PROJECT_SOURCE_DIR}/LICENSE
        DESTINATION ${info} COMPONENT wheel EXCLUDE_FROM_ALL)
set(VBQ_WHEEL_PYTHON python3 CACHE FILEPATH "a Python that has the package `wheel`, for the target wheel")
set(install_tree ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --strip)
add_custom_target(wheel
                  COMMAND ${CMAKE_COMMAND} -E rm -rf ${tree}
                  COMMAND ${install_tree} --prefix ${tree}/vbq --component program
                  COMMAND ${install_tree} --prefix ${tree}/vbq --component carried
                  COMMAND ${install_tree} --prefix ${tree} --component wheel
                  COMMAND ${VBQ_WHEEL_PYTHON} -m wheel pack ${tree} --dest-dir ${PROJECT_BINARY_DIR}
                  VERBATIM)
add_dependencies(wheel vbq)
