// Who calls, as people write addresses.
#pragma once

#include <string>
#include <string_view>

namespace muster::rpc {

/// From what gRPC calls a peer: "ipv4:127.0.0.1:40312" -> "127.0.0.1:40312", "ipv6:%5B::1%5D:40312" ->
/// "[::1]:40312"; "unix:/run/muster.sock" stays.
std::string AddressOfPeer(std::string_view peer);

}  // namespace muster::rpc
