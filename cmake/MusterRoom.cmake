# muster_room(NAME src... DEPENDS target...): one static library for one folder under src/. A room links only the
# rooms below it, so that code which reaches upwards or sideways does not link.
function(muster_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(muster_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(muster_${name} PUBLIC ${ROOM_DEPENDS} PRIVATE ${ROOM_PRIVATE} muster_flags)
  target_include_directories(muster_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  set_target_properties(muster_${name} PROPERTIES UNITY_BUILD ${MUSTER_UNITY} UNITY_BUILD_BATCH_SIZE 8)
endfunction()
