#include "stream_load.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "stream_connection.h"

namespace muster::bench {
namespace {

constexpr double kDrainSeconds = 30;
constexpr int kIdleMs = 20;

/// The streams of a run, and the epoll that says which of them can go on.
class Streams {
 public:
  Streams() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Streams() { close(epoll_); }
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // False where a connection is lost.

  bool Open(const LoadShape& shape, Workload& workload, Tally& tally) {
    for (int i = 0; i < shape.connections; ++i) {
      StreamConnection& stream = *streams_.emplace_back(
          std::make_unique<StreamConnection>(shape.port, shape.in_flight, workload, tally));
      if (!stream.Start()) return false;
      Watch(stream, EPOLL_CTL_ADD);
    }
    return true;
  }

  bool Turn() {
    std::array<epoll_event, 256> events;
    const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kIdleMs);
    for (int i = 0; i < ready; ++i) {
      auto& stream = *static_cast<StreamConnection*>(events[static_cast<std::size_t>(i)].data.ptr);
      const bool wanted_write = stream.wants_write();
      const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
      if ((what & EPOLLOUT) != 0 && !stream.Write()) return false;
      if ((what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !stream.Read()) return false;
      if (stream.wants_write() != wanted_write) Watch(stream, EPOLL_CTL_MOD);
    }
    return true;
  }

  bool HalfClose() {
    return std::all_of(streams_.begin(), streams_.end(), [](const auto& each) { return each->HalfClose(); });
  }

  bool Idle() const {
    return std::all_of(streams_.begin(), streams_.end(), [](const auto& each) { return each->idle(); });
  }
  bool AnyClosed() const {
    return std::any_of(streams_.begin(), streams_.end(), [](const auto& each) { return each->closed(); });
  }
  bool AllEndedWell() const {
    return std::all_of(streams_.begin(), streams_.end(), [](const auto& each) { return each->ended_well(); });
  }

 private:
  void Watch(StreamConnection& stream, int operation) const {
    epoll_event event = {};
    event.events = stream.wants_write() ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.ptr = &stream;
    epoll_ctl(epoll_, operation, stream.fd(), &event);
  }

  const int epoll_;
  std::vector<std::unique_ptr<StreamConnection>> streams_;
};

}  // namespace

LoadReport RunStreams(const LoadShape& shape, Workload& workload) {
  AllowManySockets();
  LoadReport report;
  Tally& tally = report.tally;
  Streams streams;
  bool alive = streams.Open(shape, workload, tally);
  const auto turn_for = [&](double seconds) {
    const double until = NowSeconds() + seconds;
    while (alive && NowSeconds() < until) alive = streams.Turn();
  };
  turn_for(shape.warmup_seconds);

  tally.measure = true;
  const double begin = NowSeconds();
  const double cpu = CpuSeconds(shape.server_pid);
  turn_for(shape.seconds);
  report.measured_seconds = NowSeconds() - begin;
  report.server_cpu_seconds = CpuSeconds(shape.server_pid) - cpu;
  tally.measure = false;
  tally.stop = true;

  const double give_up = NowSeconds() + kDrainSeconds;
  while (alive && !streams.Idle() && !streams.AnyClosed() && NowSeconds() < give_up) alive = streams.Turn();
  alive = alive && streams.Idle() && streams.HalfClose();
  while (alive && !streams.AllEndedWell() && NowSeconds() < give_up) alive = streams.Turn();
  report.completed = alive && streams.AllEndedWell();
  return report;
}

}  // namespace muster::bench
