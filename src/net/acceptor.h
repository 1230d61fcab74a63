// Accepts connections within limits, and never stops to.
//
// The limits: connections in all, connections from one address, open files. A connection beyond one is taken
// from the queue all the same, and closed: it would else wait there for ever, and its client with it. Where
// no file is left, a file that is kept in reserve makes that possible.
#pragma once

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "muster/clock.h"
#include "net/descriptor.h"
#include "net/local_connections.h"
#include "net/peer.h"
#include "runtime/health_metrics.h"

namespace muster::net {

struct ConnectionLimits {
  std::size_t in_all = 10'000;
  std::size_t from_one_address = 10'000;  // see Source; does not hold for unix sockets
};

/// For one server, with all of its listening sockets. Counts what it does in the metrics of its interface.
/// Not thread-safe.
class Acceptor {
 public:
  struct Options {
    Interface interface = Interface::kGrpc;
    ConnectionLimits limits = {};
    const LocalConnections* local = nullptr;  // may be null; else it outlives the acceptor
  };
  enum class Verdict { kWelcome, kTooMany, kTooManyFromAddress };
  struct Arrival {
    Descriptor socket;  // non-blocking, close-on-exec
    Source source;
    std::string peer;      // see AddressOfPeer
    bool counted = false;  // by address
    Verdict verdict = Verdict::kWelcome;
  };
  enum class Next {
    kTaken,  // one was accepted, or refused: there may be more
    kNone,   // none waits
    kPause   // none can be taken now: try again when a file was closed, or after kPause
  };
  /// How long to wait after Next::kPause.
  static constexpr absl::Duration kPause = absl::Milliseconds(100);

  /// The clock must outlive it.
  Acceptor(const Options& options, const Clock& clock);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  /// Takes one connection from the queue of a listening socket. `arrival` has a socket only if the caller
  /// decides about it: a welcome one is the caller's until it calls Left; any other one is not counted, and
  /// the caller may tell its client why.
  Next Take(int listening, Arrival& arrival);
  /// A welcome connection has ended.
  void Left(const Source& source, bool counted);
  /// A welcome connection could not be served for want of files. The caller closes it.
  void LeftForFiles(const Source& source, bool counted);

  const ConnectionLimits& limits() const { return options_.limits; }

 private:
  // Writes one line for each source, and for a few sources, a minute.
  class RefusalLog {
   public:
    bool Due(const Source& source, absl::Duration now);

   private:
    absl::flat_hash_set<Source> told_;
    absl::Duration since_ = -absl::InfiniteDuration();
  };

  Verdict Judge(const Source& source, bool counted) const;
  Next RefuseForFiles(int listening);
  void Refused(ConnectionRefusal why, const Source& source);
  void OpenReserve();

  const Options options_;
  const Clock& clock_;
  Descriptor reserve_;
  absl::flat_hash_map<Source, std::size_t> by_source_;  // those with a connection
  RefusalLog log_;
  std::size_t open_ = 0;
};

}  // namespace muster::net
