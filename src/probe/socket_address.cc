#include "probe/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace muster::probe {
namespace {

/// A socket of this process that listens on TCP.
struct Listener {
  in6_addr address;  // IPv4 as ::ffff:a.b.c.d
  in_port_t port;    // in network order
  bool v6_only;      // of an IPv6 wildcard
  sa_family_t family;
};

in6_addr Mapped(in_addr v4) {
  in6_addr mapped = {};
  mapped.s6_addr[10] = mapped.s6_addr[11] = 0xff;
  std::memcpy(&mapped.s6_addr[12], &v4, sizeof v4);
  return mapped;
}

bool Same(const in6_addr& a, const in6_addr& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

/// The address of either family as one of IPv6.
in6_addr AddressOf(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET) return Mapped(reinterpret_cast<const sockaddr_in&>(from).sin_addr);
  return reinterpret_cast<const sockaddr_in6&>(from).sin6_addr;
}

in_port_t PortOf(const sockaddr_storage& from) {
  if (from.ss_family == AF_INET) return reinterpret_cast<const sockaddr_in&>(from).sin_port;
  return reinterpret_cast<const sockaddr_in6&>(from).sin6_port;
}

std::optional<Listener> ListenerOf(int fd) {
  const auto option = [fd](int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, level, name, &value, &size) == 0 && value != 0;
  };
  if (!option(SOL_SOCKET, SO_ACCEPTCONN)) return std::nullopt;
  sockaddr_storage bound = {};
  socklen_t size = sizeof bound;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return std::nullopt;
  if (bound.ss_family != AF_INET && bound.ss_family != AF_INET6) return std::nullopt;
  return Listener{AddressOf(bound), PortOf(bound), option(IPPROTO_IPV6, IPV6_V6ONLY), bound.ss_family};
}

std::vector<Listener> Listeners() {
  std::vector<Listener> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    int fd = -1;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &fd)) continue;
    if (const std::optional<Listener> listener = ListenerOf(fd)) found.push_back(*listener);
  }
  return found;
}

bool Takes(const Listener& listener, const SocketAddress& client) {
  if (listener.port != PortOf(client.address)) return false;
  if (Same(listener.address, AddressOf(client.address))) return true;
  if (listener.family == AF_INET) {
    return client.address.ss_family == AF_INET && Same(listener.address, Mapped({INADDR_ANY}));
  }
  return Same(listener.address, in6addr_any) && (client.address.ss_family == AF_INET6 || !listener.v6_only);
}

/// Whether this machine has IPv6 at all: a wildcard may listen where no address is.
bool HasLoopback6() {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in6 loopback = {};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
  ::close(fd);
  return bound;
}

SocketAddress V4(in_addr address, in_port_t port) {
  SocketAddress made;
  auto& to = reinterpret_cast<sockaddr_in&>(made.address);
  to.sin_family = AF_INET;
  to.sin_addr = address;
  to.sin_port = port;
  made.size = sizeof to;
  std::array<char, INET_ADDRSTRLEN> text = {};
  inet_ntop(AF_INET, &address, text.data(), text.size());
  made.text = absl::StrCat(text.data(), ":", ntohs(port));
  return made;
}

SocketAddress V6(const sockaddr_in6& from) {
  SocketAddress made;
  std::memcpy(&made.address, &from, sizeof from);  // with the interface of a link-local address
  made.size = sizeof from;
  std::array<char, INET6_ADDRSTRLEN> text = {};
  inet_ntop(AF_INET6, &from.sin6_addr, text.data(), text.size());
  made.text = absl::StrCat("[", text.data(), "]:", ntohs(from.sin6_port));
  return made;
}

/// Adds where a client on this machine may reach a socket that is bound to `bound`.
void AddReaching(const sockaddr& bound, std::vector<SocketAddress>& to) {
  if (bound.sa_family == AF_INET) {
    sockaddr_in v4 = {};
    std::memcpy(&v4, &bound, sizeof v4);
    if (v4.sin_addr.s_addr == INADDR_ANY) v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.push_back(V4(v4.sin_addr, v4.sin_port));
  } else if (bound.sa_family == AF_INET6) {
    sockaddr_in6 v6 = {};
    std::memcpy(&v6, &bound, sizeof v6);
    const bool any = Same(v6.sin6_addr, in6addr_any);
    if (any) v6.sin6_addr = in6addr_loopback;
    if (!any || HasLoopback6()) to.push_back(V6(v6));
    if (any) to.push_back(V4({htonl(INADDR_LOOPBACK)}, v6.sin6_port));
  }
}

std::vector<SocketAddress> UnixAddress(const std::string& path) {
  SocketAddress made;
  auto& to = reinterpret_cast<sockaddr_un&>(made.address);
  if (path.size() >= sizeof to.sun_path) return {};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, path.data(), path.size());
  made.size = sizeof to;
  made.text = absl::StrCat("unix:", path);
  return {made};
}

}  // namespace

std::vector<SocketAddress> OwnAddresses(const ListenAddress& address) {
  if (!address.unix_path.empty()) return UnixAddress(address.unix_path);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.host.c_str(), absl::StrCat(address.port).c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  std::vector<SocketAddress> possible;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
    AddReaching(*each->ai_addr, possible);
  const std::vector<Listener> listeners = Listeners();
  std::vector<SocketAddress> own;
  for (const SocketAddress& client : possible) {
    const bool known = std::any_of(
        own.begin(), own.end(), [&client](const SocketAddress& other) { return other.text == client.text; });
    const bool taken = std::any_of(listeners.begin(), listeners.end(),
                                   [&client](const Listener& each) { return Takes(each, client); });
    if (taken && !known) own.push_back(client);
  }
  return own.empty() ? possible : own;
}

}  // namespace muster::probe
