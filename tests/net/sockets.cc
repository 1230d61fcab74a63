#include "sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "catch.h"

namespace muster::net {
namespace {

constexpr int kPatienceMillis = 10'000;

Descriptor ConnectTo(int family, const sockaddr* address, socklen_t size) {
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), address, size) != 0) socket.Reset();
  return socket;
}

}  // namespace

Listener ListenOnLoopback() {
  auto listener = Listener::Open(*ListenAddress::Parse("127.0.0.1:0"));
  REQUIRE(listener.ok());
  return *std::move(listener);
}

Descriptor Connect(const ListenAddress& address) {
  if (!address.unix_path.empty()) {
    sockaddr_un where = {};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, address.unix_path.data(), address.unix_path.size());
    return ConnectTo(AF_UNIX, reinterpret_cast<const sockaddr*>(&where), sizeof where);
  }
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(static_cast<in_port_t>(address.port));
  if (inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr) == 1) {
    return ConnectTo(AF_INET6, reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  }
  sockaddr_in v4 = {};
  v4.sin_family = AF_INET;
  v4.sin_port = v6.sin6_port;
  inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr);
  return ConnectTo(AF_INET, reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
}

bool IsClosed(const Descriptor& client) {
  pollfd wait = {client.get(), POLLIN, 0};
  while (::poll(&wait, 1, kPatienceMillis) > 0) {
    std::array<char, 4096> said;
    const ssize_t size = ::recv(client.get(), said.data(), said.size(), 0);
    if (size <= 0) return size == 0 || errno == ECONNRESET;
  }
  return false;
}

bool Until(absl::FunctionRef<bool()> condition) {
  for (int i = 0; i < kPatienceMillis; ++i) {
    if (condition()) return true;
    ::poll(nullptr, 0, 1);
  }
  return condition();
}

std::size_t OpenFiles() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files))) - 1;  // without this look's own
}

Directory::Directory() : path("/tmp/muster-net-XXXXXX") {
  REQUIRE(::mkdtemp(path.data()) != nullptr);
}

Directory::~Directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

ListenAddress Directory::Socket(const std::string& name) const {
  return *ListenAddress::Parse(absl::StrCat("unix:", path, "/", name));
}

FewFiles::FewFiles(int more) {
  rlimit limit = {};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  before_ = limit.rlim_cur;
  const Descriptor next(::open("/dev/null", O_RDONLY | O_CLOEXEC));  // takes the lowest number that is free
  limit.rlim_cur = static_cast<rlim_t>(std::max(0, next.get() + more));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

FewFiles::~FewFiles() {
  rlimit limit = {};
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = before_;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace muster::net
