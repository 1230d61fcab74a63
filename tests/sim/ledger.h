// What the simulated clients know of the roll: the simple model that the real one is compared with.
//
// Clients enter what they sent and what they were told. Observe reads the roll and says the first promise
// that is broken:
//   - What was acknowledged is there, exactly once. What was refused or not done is not. What is in doubt is
//     there once, or not at all.
//   - Every change is one event; events have cursors without gaps, and are never changed or lost.
//   - Statuses move only as the table of moves allows.
//   - The history of a worker is the heartbeats that were accepted, in order.
//   - The counts of the fleet are the counts of its workers.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "muster/commands.h"
#include "muster/event.h"
#include "muster/queries.h"
#include "tests/sim/sent.h"

namespace muster::sim {

class Ledger {
 public:
  Ledger(int history, std::int64_t max_events) : history_(history), max_events_(max_events) {}

  /// A heartbeat that was accepted, or may have been.
  struct Beat {
    std::optional<absl::Time> wall;  // unknown, where no answer said it
    std::optional<ListeningTime> listening;
    absl::Duration monotonic;  // when the answer came
    bool in_doubt = false;
    absl::Duration told = {};  // the timeout in the answer; zero, where it is not known
  };
  struct Known {
    std::optional<WorkerStatus> status;  // by the events; unset: not registered
    std::int64_t revision = 0;
    std::deque<Beat> beats;     // the latest, newest last
    std::int64_t total = 0;     // heartbeats on the roll when it was last looked at
    std::int64_t accepted = 0;  // since then
    std::int64_t in_doubt = 0;  // since then
    bool unknown = false;       // an operation in doubt may have removed its heartbeats
  };

  /// The name under which the event of a change will appear. Each change has its own.
  std::string BeginChange(std::string_view id, std::string_view what);
  void EndChange(const std::string& actor, const Answer<WorkerView>& answer);
  void EndHeartbeat(const std::string& id, const Answer<HeartbeatReceipt>& answer, absl::Duration monotonic,
                    absl::Duration told);
  /// A heartbeat of which only the fate is known.
  void EndHeartbeat(const std::string& id, Fate fate, absl::Duration monotonic);
  /// From then on nothing can be durable any more: OK is a lie.
  void NothingIsDurableFrom(absl::Duration monotonic) { nothing_durable_from_ = monotonic; }
  /// The daemon is a new process: what was in doubt has been decided.
  void Restarted() { decided_ = true; }

  /// Reads the new events. `seen` is called for each, when its effect on Known is not yet entered.
  /// Precondition, here and below: no command is under way.
  void ReadEvents(const ScanReads& reads, const std::function<void(const Event&)>& seen);
  /// Compares the roll as a whole, and the histories of one worker in `one_in`.
  void Compare(const ScanReads& reads, std::uint64_t one_in, std::uint64_t salt,
               const std::function<void(const WorkerView&)>& seen);

  /// The first promise that was broken, in words; empty if there is none.
  const std::string& broken() const { return broken_; }
  void Break(std::string what);
  const Known* Find(const std::string& id) const;
  std::int64_t events() const { return last_cursor_; }
  std::int64_t heartbeats() const { return heartbeats_; }
  std::int64_t in_doubt() const { return doubts_; }
  /// Depends on all that was observed, in order.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  struct Change {
    std::string id;
    std::string what;
    bool ended = false;
    Fate fate = Fate::kInDoubt;
    std::int64_t revision = 0;  // of the worker, as answered
    int events = 0;             // that name it
  };

  void Enter(const Event& event);
  void EnterStatus(const Event& event, Known& known);
  void CheckChanges();
  void CompareWorker(const WorkerView& view);
  void CompareHistory(const ScanReads& reads, const std::string& id, const WorkerView& view);
  void CompareCounts(const ScanReads& reads,
                     const std::map<std::string, std::array<std::int64_t, 5>>& counted);
  void CompareOldest(const ScanReads& reads);
  void Add(const std::string& id, Beat beat);
  void Mix(std::string_view text);

  const int history_;
  const std::int64_t max_events_;
  std::map<std::string, Known> workers_;
  std::map<std::string, Change> changes_;  // by actor: those that are not settled
  std::int64_t changes_begun_ = 0;
  std::int64_t last_cursor_ = 0;
  std::string last_event_;  // in words, with the cursor
  bool decided_ = true;
  absl::Duration nothing_durable_from_ = absl::InfiniteDuration();
  std::int64_t heartbeats_ = 0;
  std::int64_t doubts_ = 0;
  std::uint64_t fingerprint_ = 0xcbf29ce484222325U;
  std::string broken_;
};

}  // namespace muster::sim
