// What musterd runs by. Plain values; where they come from is load.h's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/settings.h"
#include "runtime/log.h"

namespace muster::daemon {

struct Config {
  std::string grpc_listen = "127.0.0.1:50051";
  std::string port_file;                       // empty: none
  std::string http_listen = "127.0.0.1:8080";  // empty: off
  std::string http_port_file;                  // empty: none
  std::string cors_origins;                    // separated by commas; empty: CORS is off

  std::string store = "sqlite:muster.db";
  std::int64_t history = 100;           // heartbeats kept for each worker
  std::int64_t max_events = 1'000'000;  // events kept

  LogFormat log_format = LogFormat::kText;
  LogLevel log_level = LogLevel::kInfo;

  Settings settings;
};

inline constexpr std::int64_t kMaxHistory = 1000;

/// config.cors_origins, one by one.
std::vector<std::string> CorsOrigins(const Config& config);

/// What is wrong with the values as a whole and what to change, or nothing. Values that cannot be read at all
/// never get here: see Flag::set.
std::optional<std::string> Validate(const Config& config);

}  // namespace muster::daemon
