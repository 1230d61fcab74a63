// Accepts on a thread of its own, for a server that takes sockets but does not accept.
//
// The server that takes a socket closes it at some time, and does not tell. So the thread keeps a second
// descriptor of each connection and watches that: the socket shows that its connection was shut down, by
// either side. This costs one more open file for each connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "muster/clock.h"
#include "net/acceptor.h"
#include "net/descriptor.h"
#include "net/listener.h"

namespace muster::net {

/// How many open files one connection needs.
inline constexpr std::size_t kFilesOfConnection = 2;

/// Not thread-safe.
class AcceptorThread {
 public:
  /// Takes a connected socket, non-blocking and close-on-exec, and owns it. It must shut the connection down
  /// before it closes the socket. Called on the thread.
  using HandOver = absl::AnyInvocable<void(int socket)>;

  /// Accepts from now on. An error says that there are no files left for it. The clock must outlive it.
  static absl::StatusOr<std::unique_ptr<AcceptorThread>> Start(Listener listener,
                                                               const Acceptor::Options& options,
                                                               const Clock& clock, HandOver hand_over);
  /// Stops first.
  ~AcceptorThread();

  /// Stops listening: clients that wait to be accepted are refused. Returns when the thread has ended; after
  /// that nothing is handed over. The connections stay with their owner.
  void Stop();

 private:
  struct Connection {
    Descriptor watched;
    Source source;
    bool counted = false;
  };

  AcceptorThread(Listener listener, const Acceptor::Options& options, const Clock& clock, HandOver hand_over);
  bool WatchAll() const;
  void Run();
  bool Watch(int descriptor, std::uint32_t events) const;
  void AcceptSome(int listening);
  void Pause(bool pause);
  void Keep(Acceptor::Arrival arrival);
  void Forget(Connection& connection);

  Listener listener_;
  Acceptor acceptor_;
  HandOver hand_over_;
  Descriptor poll_;
  Descriptor stop_;
  std::vector<Connection> connections_;  // by the number of the descriptor
  bool paused_ = false;
  std::thread thread_;
};

}  // namespace muster::net
