// The thread that probes the daemon's own sockets. It waits for its own sockets and for the next tick, and
// for nothing else: not for the writer, not for gRPC, not for a lock that is held for long.
#pragma once

#include <poll.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/registry.h"
#include "net/local_connections.h"
#include "probe/socket_target.h"
#include "registry/prober.h"
#include "runtime/listen_address.h"

namespace muster::probe {

/// What is probed: every address at which this process listens for clients of `address`. `local`: see
/// SocketTarget.
std::vector<std::unique_ptr<SocketTarget>> GrpcTargets(const ListenAddress& address,
                                                       net::LocalConnections* local);
std::vector<std::unique_ptr<SocketTarget>> HttpTargets(const ListenAddress& address,
                                                       net::LocalConnections* local);

/// Not thread-safe.
class ProbeThread {
 public:
  /// Registry and clock must outlive the thread. Precondition: a target at least.
  ProbeThread(Registry& registry, const Clock& clock, std::vector<std::unique_ptr<SocketTarget>> targets);
  /// Stops first.
  ~ProbeThread();
  ProbeThread(const ProbeThread&) = delete;
  ProbeThread& operator=(const ProbeThread&) = delete;

  /// For Registry::Start, which comes before Start.
  std::vector<std::string> SocketNames() const { return prober_.SocketNames(); }

  /// Precondition: called once.
  void Start();
  /// Waits until each socket has answered, or failed to. False if that takes longer than `at_most`. Call it
  /// after Start, on any thread.
  bool AwaitFirstAnswers(absl::Duration at_most) const {
    return first_answers_.WaitForNotificationWithTimeout(at_most);
  }
  /// Returns when the thread has ended, within a moment; probes that are under way are forgotten.
  void Stop();

 private:
  void Run();
  void NoteFirstAnswers();
  /// False once Stop was called.
  bool WaitForSockets(absl::Duration until);

  const Clock& clock_;
  const std::vector<SocketTarget*> sockets_;  // the prober's
  Prober prober_;
  const int stop_;                 // an eventfd; readable: stop
  std::vector<pollfd> waits_for_;  // of one call of poll; kept for its memory
  absl::Notification first_answers_;
  std::thread thread_;
};

}  // namespace muster::probe
