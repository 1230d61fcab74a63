#include "http/engine/listening.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace muster::http {
namespace {

absl::Status CannotListen(const ListenAddress& address, std::string_view why) {
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", address.ToString(), ": ", std::string(why)));
}

/// A socket that listens, or -1 with errno.
int OpenOn(int family, const sockaddr* address, socklen_t size) {
  const int socket = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return -1;
  const int on = 1;
  if (family != AF_UNIX) (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket, address, size) == 0 && ::listen(socket, SOMAXCONN) == 0) return socket;
  const int error = errno;
  ::close(socket);
  errno = error;
  return -1;
}

int PortOf(int socket) {
  sockaddr_storage bound = {};
  socklen_t size = sizeof bound;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  if (bound.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
  return ntohs(reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port);
}

/// Whether there is a unix socket on which no process listens.
bool Abandoned(const sockaddr_un& address) {
  struct stat found = {};
  if (::stat(address.sun_path, &found) != 0 || !S_ISSOCK(found.st_mode)) return false;
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const bool refused = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
                       errno == ECONNREFUSED;
  ::close(socket);
  return refused;
}

absl::StatusOr<std::vector<Listening>> ListenOnUnix(const ListenAddress& address) {
  sockaddr_un where = {};
  where.sun_family = AF_UNIX;
  if (address.unix_path.size() >= sizeof where.sun_path) {
    return CannotListen(address, "the path of a unix socket is at most 107 bytes long");
  }
  std::memcpy(where.sun_path, address.unix_path.data(), address.unix_path.size());
  if (Abandoned(where)) ::unlink(where.sun_path);
  const int socket = OpenOn(AF_UNIX, reinterpret_cast<const sockaddr*>(&where), sizeof where);
  if (socket < 0) return CannotListen(address, WhyNotListen(address));
  return std::vector{Listening{socket, AF_UNIX}};
}

void SetPort(sockaddr* address, int port) {
  const in_port_t wire = htons(static_cast<in_port_t>(port));
  if (address->sa_family == AF_INET) reinterpret_cast<sockaddr_in*>(address)->sin_port = wire;
  if (address->sa_family == AF_INET6) reinterpret_cast<sockaddr_in6*>(address)->sin6_port = wire;
}

}  // namespace

absl::StatusOr<std::vector<Listening>> ListenOn(ListenAddress& address) {
  if (!address.unix_path.empty()) return ListenOnUnix(address);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int resolved =
      ::getaddrinfo(address.host.c_str(), absl::StrCat(address.port).c_str(), &hints, &found);
  if (resolved != 0) return CannotListen(address, ::gai_strerror(resolved));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  std::vector<Listening> sockets;
  int error = 0;
  for (addrinfo* each = found; each != nullptr; each = each->ai_next) {
    SetPort(each->ai_addr, address.port);
    const int socket = OpenOn(each->ai_family, each->ai_addr, each->ai_addrlen);
    // A machine may know a name's IPv6 address and have no IPv6; so one socket that listens is enough. But an
    // address in use is always an error.
    if (socket < 0) error = error == EADDRINUSE ? error : errno;
    if (socket < 0) continue;
    sockets.push_back({socket, each->ai_family});
    if (address.port == 0) address.port = PortOf(socket);
  }
  if (!sockets.empty() && error != EADDRINUSE) return sockets;
  for (const Listening& each : sockets) ::close(each.socket);
  return CannotListen(address, error == EADDRINUSE ? WhyNotListen(address) : std::strerror(error));
}

std::string AddressOfPeer(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text = {};
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return absl::StrCat(text.data(), ":", ntohs(v4.sin_port));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return absl::StrCat("[", text.data(), "]:", ntohs(v6.sin6_port));
  }
  return "unix:";
}

}  // namespace muster::http
