#include "net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "absl/strings/str_cat.h"

namespace muster::net {
namespace {

constexpr std::size_t kMappedPrefix = 12;  // ::ffff:0:0/96, before the four bytes of IPv4

/// An address, with IPv4 inside of IPv6 taken out.
struct Plain {
  sa_family_t family = AF_UNSPEC;  // AF_INET, AF_INET6, or none
  in6_addr address = {};           // of IPv4 the first four bytes
  int port = 0;
};

Plain PlainOf(const sockaddr& address) {
  Plain plain;
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    plain.family = AF_INET;
    std::memcpy(&plain.address, &v4.sin_addr, sizeof v4.sin_addr);
    plain.port = ntohs(v4.sin_port);
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    plain.port = ntohs(v6.sin6_port);
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
    plain.family = mapped ? AF_INET : AF_INET6;
    const std::size_t skipped = mapped ? kMappedPrefix : 0;
    std::memcpy(&plain.address, v6.sin6_addr.s6_addr + skipped, sizeof v6.sin6_addr - skipped);
  }
  return plain;
}

std::string TextOf(sa_family_t family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text = {};
  inet_ntop(family, address, text.data(), text.size());
  return text.data();
}

}  // namespace

std::string AddressOfPeer(const sockaddr& address) {
  const Plain plain = PlainOf(address);
  if (plain.family == AF_UNSPEC) return "unix:";
  const std::string text = TextOf(plain.family, &plain.address);
  return plain.family == AF_INET ? absl::StrCat(text, ":", plain.port)
                                 : absl::StrCat("[", text, "]:", plain.port);
}

int PortOfPeer(const sockaddr& address) {
  return PlainOf(address).port;
}

Source Source::Of(const sockaddr& address) {
  const Plain plain = PlainOf(address);
  Source source;
  source.family_ = plain.family;
  const std::size_t size = plain.family == AF_INET ? sizeof(in_addr) : source.bytes_.size();
  std::memcpy(source.bytes_.data(), &plain.address, size);
  // All clients on ::1 have a network of zeros.
  return source;
}

bool Source::loopback() const {
  if (family_ == AF_INET) return bytes_[0] == 127;
  // The rest of ::/64 is reserved.
  return family_ == AF_INET6 && bytes_ == std::array<unsigned char, 8>{};
}

std::string Source::ToString() const {
  if (family_ == AF_UNSPEC) return "unix:";
  if (family_ == AF_INET) return TextOf(AF_INET, bytes_.data());
  if (loopback()) return "::1";
  in6_addr network = {};
  std::memcpy(&network, bytes_.data(), bytes_.size());
  return absl::StrCat(TextOf(AF_INET6, &network), "/64");
}

}  // namespace muster::net
