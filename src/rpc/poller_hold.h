// Fewer pollers for gRPC, where it starts more than the machine has use for.
//
// gRPC polls the connections of its callback services with half as many threads as there are cores, but with
// two at least, and the only way to tell it otherwise is to keep one of them busy. Pollers take turns:
// whoever takes an event wakes another one to poll on. Where the writer answers, they are idle often enough
// that nearly every call wakes somebody, and on two cores, which the writer needs as well, that is a quarter
// of the cost of a heartbeat. docs/decisions/0010-one-poller-on-two-cores.md has the figures.
//
// With one poller, nothing that takes long may run on it: see Registry::ReadOnPool.
//
// How many it starts, and that a callback keeps its poller, is how gRPC is made inside. So pollers are held
// only on versions on which a test has seen it: tests/rpc/poller_hold_test.cc, which fails where it is
// different.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string_view>
#include <vector>

namespace muster::rpc {

/// Whether pollers may be held on this version of gRPC ("1.51.1"): it was tried.
bool PollersAreKnown(std::string_view grpc_version);

/// How many pollers gRPC starts on a machine with so many cores, if they are known.
int PollersStarted(int cores);

/// How many of these to hold back where the process may use only some of the cores: as many as go beyond one
/// for two cores.
int PollersToHold(int cores, int usable_cores);

/// Keeps pollers of the process busy with nothing, from construction to destruction. Not thread-safe.
class PollerHold {
 public:
  /// `channel` leads to a server of this process. Holds none where that would leave gRPC without a poller: it
  /// makes sure that calls are still answered.
  PollerHold(const std::shared_ptr<grpc::Channel>& channel, int pollers);
  /// Waits until they are released.
  ~PollerHold();
  PollerHold(const PollerHold&) = delete;
  PollerHold& operator=(const PollerHold&) = delete;

  int held() const { return static_cast<int>(held_.size()); }

 private:
  class Call;

  std::vector<std::unique_ptr<Call>> held_;
};

}  // namespace muster::rpc
