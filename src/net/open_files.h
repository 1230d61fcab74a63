// How many files this process may open, and how many connections that makes possible.
#pragma once

#include <cstddef>
#include <optional>

#include "net/acceptor.h"

namespace muster::net {

/// Raises the soft limit of open files of this process to the hard limit. Returns the limit in force.
std::size_t RaiseOpenFiles();

/// What the operator asks for. Nothing: as many as the open files make possible.
struct WantedConnections {
  std::optional<std::size_t> grpc;
  std::optional<std::size_t> http;
  std::optional<std::size_t> from_one_address;  // of each server; nothing: half of all
  bool http_on = true;
};

struct ConnectionPlan {
  ConnectionLimits grpc;
  ConnectionLimits http;
  /// Not 0: the open files cannot hold what was asked for, or are few in any case. As many would do.
  std::size_t files_needed = 0;
};

/// Of HTTP, if nothing is asked for.
inline constexpr std::size_t kUsualHttpConnections = 10'000;
inline constexpr std::size_t kMostConnections = 1'000'000;

/// Divides the open files between the servers, and leaves some for everything else. Pure.
ConnectionPlan PlanConnections(std::size_t files, const WantedConnections& wanted);

}  // namespace muster::net
