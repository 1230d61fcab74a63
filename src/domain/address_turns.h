// Whether two processes send heartbeats under one instance id: a copied disk image, or a container that was
// started twice. Fencing (fencing.h) cannot tell them apart. But they send from two hosts, in turns.
//
// The rule: the host of a worker's heartbeats changes three times within one timeout, each time back to the
// host before. One process that moves, or comes back through another address of a NAT, changes it once, and
// cannot come back so often: that would take three new connections within one timeout.
//
// Only heartbeats that come alone count. A batch or a stream may be a relay's, and two relays for the same
// workers are no clones. Behind a proxy all heartbeats have the proxy's address, and two daemons of a shared
// roll each see only what reaches them: there nothing is found.
//
// Nothing of it is stored, and its memory is bounded: while a worker is heard from the host that it was
// registered from, there is no entry for it. If more workers have one than the table holds, an entry keeps
// its place for one timeout. So a clone is found later then, for clones go on.
// Pure: it is told the time. Not thread-safe: the writer's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/worker.h"

namespace muster {

/// An address without its port: "10.0.0.1:4242" is at 10.0.0.1, and "[::1]:4242" at [::1].
std::string_view HostOf(std::string_view address);

class AddressTurns {
 public:
  static constexpr std::size_t kMaxEntries = 4'096;
  static constexpr int kTurns = 3;

  /// The holder of `worker` was heard from `peer`. The other host, if two hosts send in turns; it is valid
  /// until the next call. It is said again at each further heartbeat, because a decision may
  /// have to be made again: the caller reports it once. Allocates the
  /// table once, when the first worker is heard from another host; else nothing.
  std::optional<std::string_view> Heard(const Worker& worker, std::string_view peer, ListeningTime now,
                                        absl::Duration timeout) {
    if (entries_.empty() && HostOf(peer) == HostOf(worker.registered_from)) return std::nullopt;
    return LookUp(worker, HostOf(peer), now, timeout);
  }

 private:
  class Host {
   public:
    explicit Host(std::string_view text = {});
    std::string_view text() const { return {text_.data(), size_}; }

   private:
    std::array<char, 47> text_;  // an IPv6 address with its brackets; more is cut off
    std::uint8_t size_;
  };
  struct Entry {
    std::uint64_t key = 0;  // 0: free
    Host last;
    Host before;
    std::array<ListeningTime, kTurns> changed;  // the latest changes, newest first
    int turns = 0;                              // how many of them, each back to the host before
  };
  static constexpr std::size_t kWays = 4;  // an entry is looked for in so many places

  std::optional<std::string_view> LookUp(const Worker& worker, std::string_view host, ListeningTime now,
                                         absl::Duration timeout);

  std::vector<Entry> entries_;  // none, or kMaxEntries
};

}  // namespace muster
