# muster_room(NAME src... DEPENDS target...): one static library for one folder under src/. A room links only the
# rooms below it, so that code which reaches upwards or sideways does not link.
include(GNUInstallDirs)

# The rooms of the C++ library: installed, and exported as Muster::NAME. See MusterInstall.cmake.
set(MUSTER_LIBRARY_ROOMS domain runtime store_port store_model store_memory store_sqlite store_postgres store usecases
                         registry jobs embedded)
# Only headers, and only our own sources include them: who uses the library does not need these.
set(MUSTER_ONLY_TO_COMPILE nlohmann_json::nlohmann_json)

# No fuzzer comes here.
set(MUSTER_NOT_FUZZED embedded store_postgres)

function(muster_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  set(private "$<BUILD_INTERFACE:muster_flags>")
  foreach(target IN LISTS ROOM_PRIVATE)
    if(target IN_LIST MUSTER_ONLY_TO_COMPILE)
      set(target "$<BUILD_INTERFACE:${target}>")
    endif()
    list(APPEND private "${target}")
  endforeach()
  add_library(muster_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(muster_${name} PUBLIC ${ROOM_DEPENDS} PRIVATE ${private})
  target_include_directories(muster_${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>" "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  set_target_properties(muster_${name} PROPERTIES UNITY_BUILD ${MUSTER_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  if(NOT name IN_LIST MUSTER_NOT_FUZZED)
    muster_seen_by_fuzzers(muster_${name})
  endif()
  if(name IN_LIST MUSTER_LIBRARY_ROOMS)
    set_target_properties(muster_${name} PROPERTIES EXPORT_NAME ${name})
    install(TARGETS muster_${name} EXPORT MusterTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
endfunction()
