// Sockets that listen.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "runtime/listen_address.h"

namespace muster::http {

/// One listening socket: the caller closes it.
struct Listening {
  int socket;
  int family;
};

/// Listens wherever the address's name leads (localhost: IPv4 and IPv6), on one port, which `address` then
/// has. An address that another listens on is an error, which says what to do; a unix socket that nobody
/// listens on any more is replaced.
absl::StatusOr<std::vector<Listening>> ListenOn(ListenAddress& address);

}  // namespace muster::http
