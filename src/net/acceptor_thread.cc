#include "net/acceptor_thread.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "muster/check.h"

namespace muster::net {
namespace {

// Taken from one socket before the thread looks at the others, and at the connections that have ended.
constexpr int kAtOnce = 64;
constexpr int kForEver = -1;

}  // namespace

AcceptorThread::AcceptorThread(Listener listener, const Acceptor::Options& options, const Clock& clock,
                               HandOver hand_over)
    : listener_(std::move(listener)),
      acceptor_(options, clock),
      hand_over_(std::move(hand_over)),
      poll_(::epoll_create1(EPOLL_CLOEXEC)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

absl::StatusOr<std::unique_ptr<AcceptorThread>> AcceptorThread::Start(Listener listener,
                                                                      const Acceptor::Options& options,
                                                                      const Clock& clock,
                                                                      HandOver hand_over) {
  std::unique_ptr<AcceptorThread> thread(
      new AcceptorThread(std::move(listener), options, clock, std::move(hand_over)));
  if (!thread->WatchAll()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot accept: ", std::strerror(errno), "; raise the limit of open files (ulimit -n)"));
  }
  thread->thread_ = std::thread([raw = thread.get()] { raw->Run(); });
  return thread;
}

bool AcceptorThread::WatchAll() const {
  if (!Watch(stop_.get(), EPOLLIN)) return false;
  for (const Descriptor& each : listener_.sockets()) {
    if (!Watch(each.get(), EPOLLIN)) return false;
  }
  return true;
}

AcceptorThread::~AcceptorThread() {
  Stop();
}

void AcceptorThread::Stop() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  MUSTER_CHECK(::write(stop_.get(), &one, sizeof one) == sizeof one, "an event can be counted");
  thread_.join();
  const Listener closed = std::move(listener_);
  connections_.clear();
}

bool AcceptorThread::Watch(int descriptor, std::uint32_t events) const {
  epoll_event event = {};
  event.events = events;
  event.data.fd = descriptor;
  return ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

void AcceptorThread::Run() {
  std::array<epoll_event, 64> events;
  for (;;) {
    const int timeout = paused_ ? static_cast<int>(absl::ToInt64Milliseconds(Acceptor::kPause)) : kForEver;
    const int count = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), timeout);
    // Time has passed, or a connection has ended, which may have left a file.
    if (paused_) Pause(false);
    bool arrivals = false;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == stop_.get()) return;
      const auto index = static_cast<std::size_t>(event.data.fd);
      const bool connection = index < connections_.size() && connections_[index].watched.open();
      if (!connection) arrivals = true;
      if (connection && (event.events & EPOLLHUP) != 0) Forget(connections_[index]);
    }
    // Those that have gone first: they make room.
    for (const Descriptor& each : listener_.sockets()) {
      if (arrivals && !paused_) AcceptSome(each.get());
    }
  }
}

void AcceptorThread::AcceptSome(int listening) {
  Acceptor::Arrival arrival;
  for (int i = 0; i < kAtOnce && !paused_; ++i) {
    const Acceptor::Next next = acceptor_.Take(listening, arrival);
    if (next == Acceptor::Next::kNone) return;
    if (next == Acceptor::Next::kPause) Pause(true);
    // Before one more is refused, the thread looks whether one that is there has ended.
    if (arrival.verdict != Acceptor::Verdict::kWelcome) return;
    if (arrival.socket.open()) Keep(std::move(arrival));
  }
}

/// A socket with clients that cannot be accepted would else wake the thread again and again.
void AcceptorThread::Pause(bool pause) {
  paused_ = pause;
  for (const Descriptor& each : listener_.sockets()) {
    epoll_event event = {};
    event.events = pause ? 0U : static_cast<std::uint32_t>(EPOLLIN);
    event.data.fd = each.get();
    (void)::epoll_ctl(poll_.get(), EPOLL_CTL_MOD, each.get(), &event);
  }
}

void AcceptorThread::Keep(Acceptor::Arrival arrival) {
  // A client that has gone already would be an error in the log of the server that takes it.
  sockaddr_storage peer = {};
  socklen_t size = sizeof peer;
  if (::getpeername(arrival.socket.get(), reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    return acceptor_.Left(arrival.source, arrival.counted);
  }
  Descriptor second(::fcntl(arrival.socket.get(), F_DUPFD_CLOEXEC, 0));
  // Nothing is asked for: so only the end of the connection wakes the thread, and that once.
  if (!second.open() || !Watch(second.get(), EPOLLET)) {
    return acceptor_.LeftForFiles(arrival.source, arrival.counted);
  }
  const auto index = static_cast<std::size_t>(second.get());
  if (index >= connections_.size()) connections_.resize(index + 1);
  connections_[index] = {std::move(second), arrival.source, arrival.counted};
  hand_over_(arrival.socket.Release());
}

void AcceptorThread::Forget(Connection& connection) {
  acceptor_.Left(connection.source, connection.counted);
  connection = Connection();
}

}  // namespace muster::net
