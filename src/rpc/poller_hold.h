// Fewer pollers for gRPC, where it starts more than the machine has use for.
//
// gRPC polls the connections of its callback services with half as many threads as there are cores, but with
// two at least, and the only way to tell it otherwise is to keep one of them busy. Pollers take turns:
// whoever takes an event wakes another one to poll on. Where the writer answers, they are idle often enough
// that nearly every call wakes somebody, and on two cores, which the writer needs as well, that is a quarter
// of the cost of a heartbeat. docs/decisions/0010-one-poller-on-two-cores.md has the figures.
//
// With one poller, nothing that takes long may run on it: see Roll::ReadAside.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <vector>

namespace muster::rpc {

/// How many pollers to hold back, of those that gRPC starts on a machine with so many cores of which the
/// process may use some: as many as go beyond one for two cores.
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
