// Who calls, as people write addresses.
#pragma once

#include <sys/socket.h>

#include <string>

namespace muster::http {

/// "127.0.0.1:40312", "[::1]:40312"; "unix:" for a unix socket, whose clients have no address.
std::string AddressOfPeer(const sockaddr& address);

}  // namespace muster::http
