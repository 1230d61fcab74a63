// The configuration of musterd, as plain values. load.h says where they come from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/settings.h"
#include "runtime/log.h"

namespace muster::daemon {

/// The version of this build, from CMake.
inline constexpr char kVersion[] = MUSTER_VERSION;

struct Config {
  std::string grpc_listen = "127.0.0.1:50051";
  std::string port_file;                       // empty: none
  std::string http_listen = "127.0.0.1:8080";  // empty: off
  std::string http_port_file;                  // empty: none
  std::string cors_origins;                    // separated by commas; empty: CORS is off

  // Nothing: as many as the limit of open files makes possible.
  std::optional<std::int64_t> max_grpc_connections;
  std::optional<std::int64_t> max_http_connections;
  std::optional<std::int64_t> max_connections_per_address;  // nothing: half of all

  std::string store = "sqlite:muster.db";
  std::int64_t history = 100;           // heartbeats kept for each worker
  std::int64_t max_events = 1'000'000;  // events kept

  LogFormat log_format = LogFormat::kText;
  LogLevel log_level = LogLevel::kInfo;

  Settings settings;
};

inline constexpr std::int64_t kMaxHistory = 1000;
inline constexpr std::int64_t kMaxConnections = 1'000'000;

/// config.cors_origins as a list.
std::vector<std::string> CorsOrigins(const Config& config);

/// Says what is wrong with the values as a whole and what to change, or nothing. Text that cannot be read as
/// a value does not get here: see Flag::set.
std::optional<std::string> Validate(const Config& config);

/// A setting as a log may show it, with "***" for a password in it: "postgresql://muster:secret@db/muster" ->
/// "postgresql://muster:***@db/muster". Text that is no URL contains no password and stays as it is. Pure.
std::string WithoutPassword(std::string_view setting);

}  // namespace muster::daemon
