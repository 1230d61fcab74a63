#include "load.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace muster::bench {

double NowSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double CpuSeconds(int pid) {
  if (pid == 0) return 0;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string stat;
  std::getline(file, stat);
  // The name in parentheses may hold spaces; user and system time are the 12th and 13th fields after it.
  const std::size_t end = stat.rfind(')');
  if (end == std::string::npos) return 0;
  std::istringstream fields(stat.substr(end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void AllowManySockets() {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

namespace {

constexpr double kDrainSeconds = 30;

/// The connections of a run, and the epoll that says which of them can go on.
class Run {
 public:
  Run(const LoadShape& shape, Workload& workload, Tally& tally)
      : shape_(shape), workload_(workload), tally_(tally), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Run() { close(epoll_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // The rest returns false where a connection is lost.

  bool Connect() {
    const Connection::Loop loop = open() ? Connection::Loop::kOpen : Connection::Loop::kClosed;
    for (int i = 0; i < shape_.connections; ++i) {
      Connection& connection = *connections_.emplace_back(
          std::make_unique<Connection>(shape_.port, shape_.in_flight, loop, workload_, tally_));
      if (!connection.Start()) return false;
      epoll_event event = {};
      event.events = connection.wants_write() ? EPOLLIN | EPOLLOUT : EPOLLIN;
      event.data.ptr = &connection;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd(), &event);
    }
    begin_ns_ = NowNanos();
    return true;
  }

  /// Sends what is due, and serves what is ready.
  bool Turn() {
    if (open() && !tally_.stop && !OfferDue()) return false;
    std::array<epoll_event, 256> events;
    const int ready =
        epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), open() ? kTickMs : kIdleMs);
    for (int i = 0; i < ready; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      const bool wanted_write = connection.wants_write();
      const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
      if ((what & EPOLLOUT) != 0 && !connection.Write()) return false;
      if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !connection.Read()) return false;
      WatchWrites(connection, wanted_write);
    }
    return true;
  }

  /// Whether nothing is in flight: in a closed loop, that the workload is done.
  bool Idle() const {
    return std::all_of(connections_.begin(), connections_.end(),
                       [](const auto& each) { return each->idle(); });
  }
  bool open() const { return shape_.rate > 0; }

 private:
  static constexpr int kIdleMs = 20;
  static constexpr int kTickMs = 1;
  // What is due is sent in portions, so that answers are read meanwhile.
  static constexpr int kMaxAtOnce = 256;

  bool OfferDue() {
    const std::int64_t now = NowNanos();
    offered_to_.clear();
    for (int i = 0; i < kMaxAtOnce; ++i) {
      const auto due =
          begin_ns_ + static_cast<std::int64_t>(static_cast<double>(scheduled_) * 1e9 / shape_.rate);
      if (due > now) break;
      Connection& connection = *connections_[static_cast<std::size_t>(scheduled_) % connections_.size()];
      ++scheduled_;
      connection.Offer(due);
      if (offered_to_.size() < connections_.size()) offered_to_.push_back(&connection);
    }
    for (Connection* connection : offered_to_) {
      const bool wanted_write = connection->wants_write();
      if (!connection->Write()) return false;
      WatchWrites(*connection, wanted_write);
    }
    return true;
  }

  void WatchWrites(Connection& connection, bool watched) const {
    if (connection.wants_write() == watched) return;
    epoll_event event = {};
    event.events = connection.wants_write() ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.ptr = &connection;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd(), &event);
  }

  const LoadShape& shape_;
  Workload& workload_;
  Tally& tally_;
  const int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> offered_to_;
  std::int64_t begin_ns_ = 0;
  std::int64_t scheduled_ = 0;
};

}  // namespace

LoadReport RunLoad(const LoadShape& shape, Workload& workload) {
  AllowManySockets();
  LoadReport report;
  Tally& tally = report.tally;
  if (shape.honour_retry) tally.held_until_ns.resize(workload.callers());
  Run run(shape, workload, tally);
  bool alive = run.Connect();
  const auto over = [&run](double begin, double seconds) {
    return (seconds > 0 && NowSeconds() - begin >= seconds) || (!run.open() && run.Idle());
  };
  const double warm = NowSeconds();
  while (alive && shape.warmup_seconds > 0 && !over(warm, shape.warmup_seconds)) alive = run.Turn();

  tally.measure = true;
  const double begin = NowSeconds();
  const double cpu = CpuSeconds(shape.server_pid);
  while (alive && !over(begin, shape.seconds)) alive = run.Turn();
  report.measured_seconds = NowSeconds() - begin;
  report.server_cpu_seconds = CpuSeconds(shape.server_pid) - cpu;
  tally.measure = false;
  tally.stop = true;

  const double give_up = NowSeconds() + kDrainSeconds;
  while (alive && !run.Idle() && NowSeconds() < give_up) alive = run.Turn();
  report.completed = alive && run.Idle();
  return report;
}

}  // namespace muster::bench
