# Run by cpack before it packs: a Debian package's libraries are the system's, and lie where all programs look.
if(CPACK_GENERATOR STREQUAL DEB)
  file(GLOB_RECURSE programs ${CPACK_TEMPORARY_DIRECTORY}/*/bin/vbq)
  foreach(program IN LISTS programs)
    file(RPATH_REMOVE FILE ${program})
  endforeach()
endif()
