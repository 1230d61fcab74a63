# Everything comes from the distribution's packages (Debian 12 and 13); nothing is vendored or downloaded.
# Of PostgreSQL the client library; the server's headers are not needed. It stays shared even where the rest is not:
# its archive needs libpgcommon, libpgport, Kerberos and LDAP, of which the distribution has no archives.
find_package(PostgreSQL REQUIRED)
if(MUSTER_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(protobuf_USE_STATIC_LIBS ON)
endif()
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Boost CONFIG REQUIRED) # of it Asio and Beast, which are headers
find_package(ZLIB REQUIRED)
if(NOT MUSTER_SANITIZE) # a sanitizer is an allocator itself
  if(MUSTER_STATIC)
    find_library(JEMALLOC jemalloc_pic REQUIRED) # the archive for programs that are loaded anywhere
  else()
    find_library(JEMALLOC jemalloc REQUIRED)
  endif()
endif()
find_library(NGHTTP2 nghttp2 REQUIRED)
find_package(Protobuf REQUIRED)
if(MUSTER_GRPC)
  find_package(gRPC CONFIG REQUIRED)
  find_package(CLI11 REQUIRED)
  find_package(yaml-cpp REQUIRED)
endif()
if(MUSTER_TESTS)
  find_package(Catch2 REQUIRED) # v2 on Debian 12, v3 on Debian 13: see tests/catch.h
endif()
if(MUSTER_STATIC)
  include(MusterStatic)
endif()
