// Where a client on this machine reaches the sockets on which this process listens.
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "net/peer.h"
#include "runtime/listen_address.h"

namespace muster::probe {

struct SocketAddress {
  sockaddr_storage address = {};
  socklen_t size = 0;
  std::string text;  // as a client writes it: "127.0.0.1:50051", "[::1]:50051", "unix:/run/musterd.sock"

  bool on_path() const { return address.ss_family == AF_UNIX; }
  bool loopback() const { return net::Source::Of(reinterpret_cast<const sockaddr&>(address)).loopback(); }
};

/// The addresses at which this process listens for clients of `address`, whose port is the real one. A
/// wildcard is reached on the loopback of each family that listens: 0.0.0.0 on 127.0.0.1; [::] on ::1, and on
/// 127.0.0.1 where it takes IPv4 as well. A name has every address of it on which a socket listens; there may
/// be one that this machine does not have. Asks the kernel which sockets listen; if it does not tell, all
/// that could be are taken. Empty only for a name that is not known, and for a path that is too long.
std::vector<SocketAddress> OwnAddresses(const ListenAddress& address);

}  // namespace muster::probe
