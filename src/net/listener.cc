#include "net/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace muster::net {
namespace {

// The kernel lowers it to net.core.somaxconn. A fleet that comes back all at once must find room.
constexpr int kBacklog = 65'535;

/// A socket that listens; or none, with errno.
Descriptor OpenOn(int family, const sockaddr* address, socklen_t size) {
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.open()) return socket;
  const int on = 1;
  const int off = 0;
  if (family != AF_UNIX) {
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Accepted sockets inherit it.
    (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (family == AF_INET6) {
    // [::] means both families, whatever the system's default is. A name's other address is bound besides.
    const bool any = IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
    const int only = any ? off : on;
    (void)::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  }
  if (::bind(socket.get(), address, size) == 0 && ::listen(socket.get(), kBacklog) == 0) return socket;
  const int error = errno;
  socket.Reset();
  errno = error;
  return socket;
}

int PortOf(int socket) {
  sockaddr_storage bound = {};
  socklen_t size = sizeof bound;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  if (bound.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port);
}

void SetPort(sockaddr* address, int port) {
  const in_port_t wire = htons(static_cast<in_port_t>(port));
  if (address->sa_family == AF_INET) reinterpret_cast<sockaddr_in*>(address)->sin_port = wire;
  if (address->sa_family == AF_INET6) reinterpret_cast<sockaddr_in6*>(address)->sin6_port = wire;
}

}  // namespace

absl::StatusOr<Listener> Listener::Open(const ListenAddress& address) {
  Listener listener(address);
  const absl::Status opened = address.unix_path.empty() ? listener.OpenTcp() : listener.OpenUnix();
  if (!opened.ok()) return opened;
  return listener;
}

absl::Status Listener::CannotListen(const std::string& why) const {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address_.ToString(), ": ", why));
}

absl::Status Listener::OpenUnix() {
  auto path = UnixPath::Take(address_.unix_path);
  if (!path.ok()) return CannotListen(std::string(path.status().message()));
  path_.emplace(*std::move(path));
  sockaddr_un where = {};
  where.sun_family = AF_UNIX;
  std::memcpy(where.sun_path, address_.unix_path.data(), address_.unix_path.size());
  Descriptor socket = OpenOn(AF_UNIX, reinterpret_cast<const sockaddr*>(&where), sizeof where);
  if (!socket.open()) return CannotListen(std::strerror(errno));
  path_->Remember();
  sockets_.push_back(std::move(socket));
  return absl::OkStatus();
}

absl::Status Listener::OpenTcp() {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int resolved =
      ::getaddrinfo(address_.host.c_str(), absl::StrCat(address_.port).c_str(), &hints, &found);
  if (resolved != 0) return CannotListen(::gai_strerror(resolved));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  int error = 0;
  for (addrinfo* each = found; each != nullptr; each = each->ai_next) {
    SetPort(each->ai_addr, address_.port);
    Descriptor socket = OpenOn(each->ai_family, each->ai_addr, each->ai_addrlen);
    // A machine may know a name's IPv6 address and have no IPv6; so one socket that listens is enough. But an
    // address in use is always an error.
    if (!socket.open()) error = error == EADDRINUSE ? error : errno;
    if (!socket.open()) continue;
    if (address_.port == 0) address_.port = PortOf(socket.get());
    sockets_.push_back(std::move(socket));
  }
  if (error == EADDRINUSE) return CannotListen("the address is in use: is another musterd running there?");
  if (sockets_.empty()) return CannotListen(std::strerror(error));
  return absl::OkStatus();
}

}  // namespace muster::net
