#include "net/acceptor_thread.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "muster/check.h"

namespace muster::net {
namespace {

// Taken from one socket before the thread looks at the others, and at the connections that have ended.
constexpr int kAtOnce = 64;
constexpr int kForEver = -1;

}  // namespace

AcceptorThread::AcceptorThread(Listener listener, Acceptor::Options options, const Clock& clock,
                               HandOver hand_over)
    : listener_(std::move(listener)),
      acceptor_(std::move(options), clock),
      hand_over_(std::move(hand_over)),
      poll_(::epoll_create1(EPOLL_CLOEXEC)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  bool watched = Watch(stop_.get(), EPOLLIN);
  for (const Descriptor& each : listener_.sockets()) watched = Watch(each.get(), EPOLLIN) && watched;
  MUSTER_CHECK(watched, "a process that starts has files and memory left");
  thread_ = std::thread([this] { Run(); });
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
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == stop_.get()) return;
      const auto index = static_cast<std::size_t>(event.data.fd);
      const bool connection = index < connections_.size() && connections_[index].watched.open();
      if (!connection) {
        AcceptSome(event.data.fd);
      } else if ((event.events & EPOLLHUP) != 0) {
        Forget(connections_[index]);
      }
    }
  }
}

void AcceptorThread::AcceptSome(int listening) {
  Acceptor::Arrival arrival;
  for (int i = 0; i < kAtOnce && !paused_; ++i) {
    const Acceptor::Next next = acceptor_.Take(listening, arrival);
    if (next == Acceptor::Next::kNone) return;
    if (next == Acceptor::Next::kPause) Pause(true);
    if (arrival.socket.open() && arrival.verdict == Acceptor::Verdict::kWelcome) Keep(std::move(arrival));
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
