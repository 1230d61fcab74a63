#include "tests/probe/fake_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "net/peer.h"
#include "tests/catch.h"

namespace muster::probe {
namespace {

constexpr int kPatience = 10'000;  // milliseconds

}  // namespace

bool Readable(int fd, int millis) {
  pollfd waits = {fd, POLLIN, 0};
  return ::poll(&waits, 1, millis) == 1;
}

FakeServer::FakeServer(const std::string& listen, Families families)
    : listen_(*ListenAddress::Parse(listen)) {
  sockaddr_storage bound = {};
  socklen_t size = 0;
  if (!listen_.unix_path.empty()) {
    auto& to = reinterpret_cast<sockaddr_un&>(bound);
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, listen_.unix_path.data(), listen_.unix_path.size());
    size = sizeof to;
  } else if (listen_.host.find(':') != std::string::npos) {
    auto& to = reinterpret_cast<sockaddr_in6&>(bound);
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(static_cast<in_port_t>(listen_.port));
    inet_pton(AF_INET6, listen_.host.c_str(), &to.sin6_addr);
    size = sizeof to;
  } else {
    auto& to = reinterpret_cast<sockaddr_in&>(bound);
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<in_port_t>(listen_.port));
    inet_pton(AF_INET, listen_.host.c_str(), &to.sin_addr);
    size = sizeof to;
  }
  listener_ = ::socket(bound.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (families == Families::kV6Only) ::setsockopt(listener_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&bound), size) == 0);
  REQUIRE(::listen(listener_, 10) == 0);
  if (listen_.unix_path.empty()) {
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size) == 0);
    listen_.port = ntohs(reinterpret_cast<const sockaddr_in&>(bound).sin_port);  // at the same place in IPv6
  }
}

FakeServer::~FakeServer() {
  Close();
  StopListening();
  if (!listen_.unix_path.empty()) ::unlink(listen_.unix_path.c_str());
}

SocketAddress FakeServer::Address() const {
  return OwnAddresses(listen_).front();
}

void FakeServer::Accept() {
  REQUIRE(Readable(listener_, kPatience));
  Close();
  client_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  REQUIRE(client_ >= 0);
}

int FakeServer::PortOfClient() const {
  sockaddr_storage peer = {};
  socklen_t size = sizeof peer;
  REQUIRE(::getpeername(client_, reinterpret_cast<sockaddr*>(&peer), &size) == 0);
  return net::PortOfPeer(reinterpret_cast<const sockaddr&>(peer));
}

std::string FakeServer::Heard() {
  std::string heard;
  std::array<char, 4096> buffer;
  while (Readable(client_, heard.empty() ? kPatience : 0)) {
    const ssize_t size = ::recv(client_, buffer.data(), buffer.size(), 0);
    if (size <= 0) break;
    heard.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return heard;
}

void FakeServer::Say(std::string_view bytes) {
  REQUIRE(::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

std::size_t FakeServer::SayWithoutEnd(std::string_view bytes) {
  std::size_t said = 0;
  ssize_t size = 0;
  while ((size = ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT)) > 0) {
    said += static_cast<std::size_t>(size);
  }
  return said;
}

void FakeServer::Close() {
  if (client_ >= 0) ::close(client_);
  client_ = -1;
}

void FakeServer::Reset() {
  const linger at_once = {1, 0};
  ::setsockopt(client_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  Close();
}

void FakeServer::StopListening() {
  if (listener_ >= 0) ::close(listener_);
  listener_ = -1;
}

void Probed::Send(bool fresh) {
  ++sent;
  target.Send("~probe~1", "token-1", fresh, [this](std::optional<std::string> why) {
    ++answers;
    failure = std::move(why);
  });
}

void Probed::Drive(const std::function<bool()>& done) {
  while (!done()) {
    pollfd waits = {target.fd(), target.events(), 0};
    REQUIRE(::poll(&waits, 1, kPatience) == 1);
    target.OnReady();
  }
}

void Probed::Settle() {
  for (;;) {
    pollfd waits = {target.fd(), target.events(), 0};
    if (::poll(&waits, 1, 0) <= 0) return;
    target.OnReady();
  }
}

std::string Frame(char type, char flags, int stream, std::string_view payload) {
  const auto size = payload.size();
  std::string frame = {static_cast<char>(size >> 16),
                       static_cast<char>(size >> 8),
                       static_cast<char>(size),
                       type,
                       flags,
                       static_cast<char>(stream >> 24),
                       static_cast<char>(stream >> 16),
                       static_cast<char>(stream >> 8),
                       static_cast<char>(stream)};
  return frame.append(payload);
}

std::string Field(std::string_view name, std::string_view value) {
  std::string field(1, '\0');
  for (const std::string_view text : {name, value}) {
    field.push_back(static_cast<char>(text.size()));
    field.append(text);
  }
  return field;
}

std::string SettingsFrame() {
  return Frame(4, 0, 0, "");
}

std::string GoAway(int last_stream) {
  std::string payload(8, '\0');
  for (int i = 0; i < 4; ++i) {
    payload[static_cast<std::size_t>(i)] = static_cast<char>(last_stream >> (24 - 8 * i));
  }
  return Frame(7, 0, 0, payload);
}

std::string GrpcAnswer(int stream, std::string_view grpc_status) {
  constexpr char kEndHeaders = 4;
  constexpr char kEndStream = 1;
  return Frame(1, kEndHeaders, stream, Field(":status", "200") + Field("content-type", "application/grpc")) +
         Frame(0, 0, stream, std::string("\0\0\0\0\2\x10\2", 7)) +
         Frame(1, kEndHeaders | kEndStream, stream, Field("grpc-status", grpc_status));
}

}  // namespace muster::probe
