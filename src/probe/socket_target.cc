#include "probe/socket_target.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "muster/check.h"
#include "net/peer.h"

namespace muster::probe {
namespace {

// An answer has some hundreds of bytes. A server that sends so much for one heartbeat, or after one, is none
// of ours.
constexpr std::size_t kMaxReceived = 64 << 10;

std::string WhyNotConnected(int error) {
  if (error == ECONNREFUSED) return "refused";
  if (error == EAGAIN) return "too many connections wait there";  // a unix socket; TCP would let us wait
  return absl::StrCat("cannot connect: ", std::strerror(error));
}

}  // namespace

SocketTarget::SocketTarget(std::string name, SocketAddress address, NewDialog new_dialog,
                           net::LocalConnections* local)
    : name_(std::move(name)),
      address_(std::move(address)),
      new_dialog_(std::move(new_dialog)),
      local_(local) {}

SocketTarget::~SocketTarget() {
  Close();
}

void SocketTarget::Send(std::string_view probe_id, std::string_view token, bool fresh, Answered answered) {
  MUSTER_CHECK(answered_ == nullptr, "one probe is under way at most");
  answered_ = std::move(answered);
  probe_id_ = probe_id;
  token_ = token;
  received_ = 0;
  on_kept_ = !fresh && dialog_ != nullptr && dialog_->usable();
  if (!on_kept_) return ConnectAndAsk();
  dialog_->Ask(probe_id_, token_);
  Write();
}

void SocketTarget::GiveUp() {
  answered_ = nullptr;
  Close();
}

short SocketTarget::events() const {
  const bool writes = connecting_ || (dialog_ != nullptr && !dialog_->unsent.empty());
  return static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN);
}

void SocketTarget::OnReady() {
  if (!socket_.open()) return;
  if (std::exchange(connecting_, false)) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Lose(WhyNotConnected(error));
    return Write();
  }
  Read();
  if (socket_.open() && !dialog_->unsent.empty()) Write();
}

void SocketTarget::RegisterAsLocal() {
  if (local_ == nullptr || !address_.loopback()) return;
  // The port must be known before the server can accept. If there is none, the connection counts like any
  // other.
  sockaddr_storage own = address_.address;
  socklen_t size = address_.size;
  (own.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(own).sin_port
                            : reinterpret_cast<sockaddr_in6&>(own).sin6_port) = 0;
  if (::bind(fd(), reinterpret_cast<const sockaddr*>(&own), size) != 0) return;
  if (::getsockname(fd(), reinterpret_cast<sockaddr*>(&own), &size) != 0) return;
  const int port = net::PortOfPeer(reinterpret_cast<const sockaddr&>(own));
  if (local_->Add(port)) local_port_ = port;
}

std::optional<std::string> SocketTarget::Connect() {
  Close();
  const int family = address_.address.ss_family;
  socket_.Reset(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_.open()) return absl::StrCat("cannot open a socket: ", std::strerror(errno));
  const int on = 1;
  if (!address_.on_path()) (void)::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  RegisterAsLocal();
  if (::connect(fd(), reinterpret_cast<const sockaddr*>(&address_.address), address_.size) == 0) return {};
  if (errno == EINPROGRESS) {
    connecting_ = true;
    return {};
  }
  const int error = errno;
  Close();
  return WhyNotConnected(error);
}

void SocketTarget::ConnectAndAsk() {
  on_kept_ = false;
  if (std::optional<std::string> failure = Connect()) return Finish(std::move(failure));
  dialog_ = new_dialog_();
  dialog_->Ask(probe_id_, token_);
  if (!connecting_) Write();
}

void SocketTarget::Write() {
  std::string& unsent = dialog_->unsent;
  if (unsent.empty()) return;
  const ssize_t taken = ::send(fd(), unsent.data(), unsent.size(), MSG_NOSIGNAL);
  if (taken >= 0) {
    unsent.erase(0, static_cast<std::size_t>(taken));
  } else if (errno != EAGAIN && errno != EINTR) {
    // What the server sent before it ended the connection may still be there, the answer with it.
    if (errno != EPIPE && errno != ECONNRESET) return Lose(std::strerror(errno));
    unsent.clear();
  }
}

void SocketTarget::Read() {
  std::array<char, 16 << 10> buffer;
  const ssize_t size = ::recv(fd(), buffer.data(), buffer.size(), 0);
  if (size > 0) return Take({buffer.data(), static_cast<std::size_t>(size)});
  if (size == 0) return Lose("closed without an answer");
  if (errno == EAGAIN || errno == EINTR) return;
  Lose(errno == ECONNRESET ? "reset" : std::strerror(errno));
}

void SocketTarget::Take(std::string_view bytes) {
  received_ += bytes.size();
  if (received_ > kMaxReceived) {
    Close();
    return Finish("an answer without end");
  }
  std::optional<Answer> answer = dialog_->Receive(bytes);
  if (answer) {
    if (!dialog_->usable()) Close();
    return Finish(std::move(answer->failure));
  }
  // A heartbeat that is under way keeps a connection that takes no other one.
  const bool of_no_use = answered_ == nullptr && !dialog_->usable();
  if (dialog_->lost() || of_no_use) Lose("closed without an answer");
}

void SocketTarget::Lose(std::string_view why) {
  Close();
  if (answered_ == nullptr) return;
  on_kept_ ? ConnectAndAsk() : Finish(std::string(why));
}

void SocketTarget::Finish(std::optional<std::string> failure) {
  if (answered_ == nullptr) return;
  has_finished_ = true;
  std::exchange(answered_, nullptr)(std::move(failure));
}

void SocketTarget::Close() {
  socket_.Reset();
  if (local_port_ != 0) local_->Remove(std::exchange(local_port_, 0));
  connecting_ = false;
  dialog_.reset();
}

}  // namespace muster::probe
