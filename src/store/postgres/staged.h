// What a transaction has read of workers and what it has staged, and the statements that write it.
//
// Nothing here talks to the server: a commit adds everything to one pipeline. Used by the writer's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "domain/told_timeouts.h"
#include "muster/clock.h"
#include "muster/event.h"
#include "muster/worker.h"
#include "store/postgres/connection.h"
#include "store/postgres/worker_cache.h"

namespace muster::postgres {

class Staged {
 public:
  /// An id that the transaction met.
  struct Entry {
    std::string id;
    std::shared_ptr<const Worker> was;     // as read; null: it was not there
    std::shared_ptr<const Worker> worker;  // as staged; null: not there
    Pulse pulse;                           // the committed one
    bool by_cache = false;                 // the database was not asked
    bool locked = false;                   // since it was read: `pulse` is still true
    bool asked = false;                    // a decision used it
    bool held = false;                     // another program holds the row: no decision is possible
    bool to_remove = false;                // `was`, and its heartbeats
    bool to_write = false;                 // `worker`
    std::size_t beats_from = 0;            // those before belong to a worker that was removed
  };

  void Clear();
  /// No heartbeats, no changes.
  bool empty() const { return !changes_ && beats_.empty(); }

  // Entries, by a number that stays until Clear.
  std::optional<std::uint32_t> Find(std::string_view id) const;
  Entry& operator[](std::uint32_t entry) { return entries_[entry]; }
  const Entry& operator[](std::uint32_t entry) const { return entries_[entry]; }
  const std::vector<Entry>& entries() const { return entries_; }
  WorkerView ViewOf(std::uint32_t entry) const {
    return {entries_[entry].worker, entries_[entry].pulse, entry};
  }
  /// Remembers what was read. If the worker was already read or staged, that stays.
  std::uint32_t Read(const WorkerView& view);
  std::uint32_t ReadAbsent(std::string_view id);

  // Staging.
  void Write(std::uint32_t entry, Worker worker);
  void Remove(std::uint32_t entry);
  void Record(std::uint32_t entry, const Moment& now, std::optional<std::int32_t> in_use);
  void Append(Event event);
  /// Without `until` the hold ends.
  void Hold(std::string region, std::optional<ListeningTime> until);
  void SetTimeouts(RollTimeouts timeouts);
  /// Heartbeats staged for the worker as it is now.
  std::int64_t Recorded(std::uint32_t entry) const;

  /// Workers inserted, less those removed.
  std::int64_t added() const;
  const std::optional<RollTimeouts>& timeouts() const { return timeouts_; }
  std::int64_t events() const { return static_cast<std::int64_t>(events_.size()); }

  // For a commit.

  /// Everything except the heartbeats. The events follow `last_cursor`.
  void AddChanges(std::int64_t last_cursor, Pipeline& pipeline) const;
  /// `history`: how many are kept for each worker.
  void AddHeartbeats(std::int64_t history, Pipeline& pipeline) const;
  /// What the cache alone refused must still be refused, or the transaction fails: see RefusedInError.
  void AddChecks(Pipeline& pipeline) const;
  /// What the cache alone refused: it was asked, and got no heartbeat.
  std::vector<std::uint32_t> RefusedByCache() const;

 private:
  struct Beat {
    std::uint32_t entry;
    std::optional<std::int32_t> in_use;
  };
  // The heartbeats of one moment.
  struct Beats {
    Moment at;
    std::size_t first;  // in beats_
  };

  std::vector<Entry> entries_;
  ById<std::uint32_t> by_id_;
  std::vector<Event> events_;
  absl::btree_map<std::string, std::optional<ListeningTime>> holds_;
  std::optional<RollTimeouts> timeouts_;
  std::vector<Beat> beats_;
  std::vector<Beats> moments_;
  bool changes_ = false;  // anything but heartbeats
};

/// Whether a transaction failed because the cache refused something that would no longer be refused.
bool RefusedInError(const Failure& failure);

}  // namespace muster::postgres
