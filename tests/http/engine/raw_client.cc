#include "raw_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "catch.h"
#include "net/peer.h"

namespace muster::http {
namespace {

constexpr int kPatienceMs = 60'000;

int ConnectTo(const sockaddr* address, socklen_t size) {
  const int socket = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(socket >= 0);
  REQUIRE(::connect(socket, address, size) == 0);
  const int on = 1;
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

int Connect(const ListenAddress& address) {
  if (!address.unix_path.empty()) {
    sockaddr_un where = {};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, address.unix_path.data(), address.unix_path.size());
    return ConnectTo(reinterpret_cast<const sockaddr*>(&where), sizeof where);
  }
  sockaddr_in where = {};
  where.sin_family = AF_INET;
  where.sin_port = htons(static_cast<in_port_t>(address.port));
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ConnectTo(reinterpret_cast<const sockaddr*>(&where), sizeof where);
}

bool Wait(int socket, short events) {
  pollfd one = {socket, events, 0};
  const int ready = ::poll(&one, 1, kPatienceMs);
  if (ready == 0) FAIL("the server did nothing for a minute");
  return ready > 0;
}

/// The lines of the head after the first, unchanged.
Fields ReadHeaders(std::string_view lines) {
  Fields headers;
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
    const std::size_t colon = line.find(": ");
    REQUIRE(colon != std::string_view::npos);
    headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  return headers;
}

}  // namespace

std::string RawAnswer::Header(std::string_view name) const {
  const std::vector<std::string> all = AllOf(name);
  return all.empty() ? "" : all.front();
}

std::vector<std::string> RawAnswer::AllOf(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [each, value] : headers) {
    if (SameToken(each, name)) values.push_back(value);
  }
  return values;
}

RawClient::RawClient(const ListenAddress& address) : socket_(Connect(address)) {}

RawClient::RawClient(RawClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), in_(std::move(other.in_)) {}

RawClient::~RawClient() {
  if (socket_ >= 0) ::close(socket_);
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t RawClient::SendSome(std::string_view bytes) {
  const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

void RawClient::EndSending() {
  ::shutdown(socket_, SHUT_WR);
}

bool RawClient::More() {
  char bytes[16 << 10];
  if (!Wait(socket_, POLLIN)) return false;
  const ssize_t size = ::recv(socket_, bytes, sizeof bytes, 0);
  if (size <= 0) return false;
  in_.append(bytes, static_cast<std::size_t>(size));
  return true;
}

std::optional<RawAnswer> RawClient::Receive(bool head_only) {
  std::size_t end = std::string::npos;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
    if (!More()) return std::nullopt;
  }
  const std::string head = in_.substr(0, end);
  in_.erase(0, end + 4);
  REQUIRE(head.starts_with("HTTP/1.1 "));
  RawAnswer answer;
  answer.status = std::atoi(head.c_str() + std::strlen("HTTP/1.1 "));
  const std::size_t line = head.find("\r\n");
  if (line != std::string::npos) answer.headers = ReadHeaders(std::string_view(head).substr(line + 2));
  if (!head_only)
    answer.body = ReceiveBytes(static_cast<std::size_t>(std::atoll(answer.Header("Content-Length").c_str())));
  return answer;
}

std::optional<RawAnswer> RawClient::Ask(std::string_view bytes) {
  Send(bytes);
  return Receive();
}

std::string RawClient::ReceiveBytes(std::size_t size) {
  while (in_.size() < size && More()) continue;
  std::string bytes = in_.substr(0, size);
  in_.erase(0, size);
  return bytes;
}

bool RawClient::Closes() {
  return ReceiveAll().empty();
}

std::string RawClient::ReceiveAll() {
  while (More()) continue;
  return std::exchange(in_, "");
}

std::string RawClient::Local() const {
  sockaddr_in address = {};
  socklen_t size = sizeof address;
  REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return net::AddressOfPeer(*reinterpret_cast<const sockaddr*>(&address));
}

}  // namespace muster::http
