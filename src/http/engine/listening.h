// Sockets that listen, and the addresses of their clients.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/listen_address.h"

namespace muster::http {

/// One listening socket. The caller closes it.
struct Listening {
  int socket;
  int family;
};

/// Listens on every address that the host name resolves to (localhost: IPv4 and IPv6), on one port. `address`
/// then contains that port. An address that is in use is an error, which says what to do. A unix socket on
/// which no process listens any more is replaced.
absl::StatusOr<std::vector<Listening>> ListenOn(ListenAddress& address);

/// "127.0.0.1:40312", "[::1]:40312"; "unix:" for a unix socket, whose clients have no address.
std::string AddressOfPeer(const sockaddr& address);

}  // namespace muster::http
