// Fewer pollers for gRPC, where it starts more than the machine needs.
//
// gRPC polls the connections of its callback services with half as many threads as there are cores, but at
// least two. The only way to change this is to keep one of them busy. Pollers take turns: a poller that
// takes an event wakes another one to continue polling. Where the writer answers, the pollers are often
// idle, so nearly every call wakes one. On two cores, which the writer needs as well, that is a quarter of
// the cost of a heartbeat. docs/decisions/0010-one-poller-on-two-cores.md has the figures.
//
// With one poller, nothing that takes long may run on it: see Registry::ReadOnPool.
//
// How many pollers gRPC starts, and that a callback keeps its poller, are internals of gRPC. So pollers are
// held only on versions for which a test has shown it: tests/rpc/poller_hold_test.cc, which fails where it
// is different.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string_view>
#include <vector>

namespace muster::rpc {

/// Whether pollers may be held on this version of gRPC ("1.51.1"): a test has shown that it works.
bool PollersAreKnown(std::string_view grpc_version);

/// How many pollers gRPC starts on a machine with so many cores, on a known version.
int PollersStarted(int cores);

/// How many pollers to hold where the process may use only some of the cores: all but one for every two
/// usable cores.
int PollersToHold(int cores, int usable_cores);

/// Keeps pollers of the process busy with nothing, from construction to destruction. Not thread-safe.
class PollerHold {
 public:
  /// `channel` leads to a server of this process. Holds no poller if that would leave gRPC without one: it
  /// checks that calls are still answered.
  PollerHold(const std::shared_ptr<grpc::Channel>& channel, int pollers);
  /// Waits until the pollers are released.
  ~PollerHold();
  PollerHold(const PollerHold&) = delete;
  PollerHold& operator=(const PollerHold&) = delete;

  int held() const { return static_cast<int>(held_.size()); }

 private:
  class Call;

  std::vector<std::unique_ptr<Call>> held_;
};

}  // namespace muster::rpc
