# muster_embed(TARGET CONSTANT HEADER name FILES file...): files as a constant in a header that the target includes as
# "generated/NAME.h". The header is written when the build is, and again whenever a file changes.
#
#   muster_embed(muster_sqlite kSqliteMigrations HEADER sqlite_migrations FILES 0001_initial.sql)
#
# declares muster::embedded::kSqliteMigrations, an array of {name, content}.
set(MUSTER_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed.cmake)

function(muster_embed target constant)
  cmake_parse_arguments(EMBED "" "HEADER" "FILES" ${ARGN})
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/generated)
  set(header ${directory}/generated/${EMBED_HEADER}.h)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${header} -DCONSTANT=${constant} "-DFILES=${EMBED_FILES}" -P ${MUSTER_EMBED_SCRIPT}
    DEPENDS ${EMBED_FILES} ${MUSTER_EMBED_SCRIPT}
    COMMENT "Embedding ${EMBED_HEADER}"
    VERBATIM)
  target_sources(${target} PRIVATE ${header})
  add_custom_target(generated_${EMBED_HEADER} DEPENDS ${header})
  add_dependencies(generated generated_${EMBED_HEADER})
  target_include_directories(${target} PRIVATE ${directory})
endfunction()
