// The other end of a connection, in two forms: as it is shown, and as the limit by address counts it.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <string>

namespace muster::net {

/// "127.0.0.1:40312", "[::1]:40312"; "unix:" for a unix socket, whose clients have no address. An IPv4 client
/// of an IPv6 socket is shown as IPv4.
std::string AddressOfPeer(const sockaddr& address);

/// An IPv4 address, or an IPv6 network of 64 bits, of which one machine can have all addresses. A client of a
/// unix socket has none. A value.
class Source {
 public:
  Source() = default;
  static Source Of(const sockaddr& address);

  bool known() const { return family_ != AF_UNSPEC; }
  bool loopback() const;
  /// "10.0.0.7", "2001:db8:0:7::/64", "unix:".
  std::string ToString() const;

  friend bool operator==(const Source&, const Source&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Source& source) {
    return H::combine(std::move(state), source.family_, source.bytes_);
  }

 private:
  sa_family_t family_ = AF_UNSPEC;
  std::array<unsigned char, 8> bytes_ = {};
};

/// The port of a TCP client; 0 for a unix socket.
int PortOfPeer(const sockaddr& address);

}  // namespace muster::net
