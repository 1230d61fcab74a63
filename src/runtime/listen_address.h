// Addresses to listen on.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace muster {

/// "HOST:PORT", "[IPV6]:PORT" or "unix:PATH". Port 0: any free port.
struct ListenAddress {
  std::string host;  // without brackets; empty for a unix socket
  int port = 0;
  std::string unix_path;  // empty for TCP

  /// INVALID_ARGUMENT that shows what an address looks like.
  static absl::StatusOr<ListenAddress> Parse(std::string_view text);
  std::string ToString() const;
  /// Whether only this machine can reach it. For a name other than localhost the answer is no.
  bool Loopback() const;
};

}  // namespace muster
