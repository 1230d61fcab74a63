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
namespace {

constexpr double kDrainSeconds = 30;

double NowSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// User and system time of a process, all threads.
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

/// Serves what is ready on `epoll`. False where a connection is lost.
bool Turn(int epoll) {
  std::array<epoll_event, 256> events;
  const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 20);
  for (int i = 0; i < ready; ++i) {
    auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
    const bool wanted_write = connection.wants_write();
    const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
    if ((what & EPOLLOUT) != 0 && !connection.Write()) return false;
    if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !connection.Read()) return false;
    if (connection.wants_write() != wanted_write) {
      epoll_event event = {};
      event.events = connection.wants_write() ? EPOLLIN | EPOLLOUT : EPOLLIN;
      event.data.ptr = &connection;
      epoll_ctl(epoll, EPOLL_CTL_MOD, connection.fd(), &event);
    }
  }
  return true;
}

}  // namespace

LoadReport RunLoad(const LoadShape& shape, Workload& workload) {
  AllowManySockets();
  LoadReport report;
  Tally& tally = report.tally;
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Connection>> connections;
  bool alive = true;
  for (int i = 0; alive && i < shape.connections; ++i) {
    Connection& connection =
        *connections.emplace_back(std::make_unique<Connection>(shape.port, shape.in_flight, workload, tally));
    alive = connection.Start();
    epoll_event event = {};
    event.events = connection.wants_write() ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.ptr = &connection;
    epoll_ctl(epoll, EPOLL_CTL_ADD, connection.fd(), &event);
  }

  const auto all_idle = [&] {
    return std::all_of(connections.begin(), connections.end(), [](const auto& c) { return c->idle(); });
  };
  const double warm = NowSeconds() + shape.warmup_seconds;
  while (alive && NowSeconds() < warm && !all_idle()) alive = Turn(epoll);

  tally.measure = true;
  const double begin = NowSeconds();
  const double cpu = CpuSeconds(shape.server_pid);
  const bool timed = shape.seconds > 0;
  while (alive && !(timed && NowSeconds() - begin >= shape.seconds) && !all_idle()) alive = Turn(epoll);
  report.measured_seconds = NowSeconds() - begin;
  report.server_cpu_seconds = CpuSeconds(shape.server_pid) - cpu;
  tally.measure = false;
  tally.stop = true;

  const double give_up = NowSeconds() + kDrainSeconds;
  while (alive && !all_idle() && NowSeconds() < give_up) alive = Turn(epoll);
  report.completed = alive && all_idle();
  close(epoll);
  return report;
}

}  // namespace muster::bench
