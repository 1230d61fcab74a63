// The heartbeats that are in the journal but not yet folded into the pulses, in memory: eight bytes each, in
// the order in which they came, each with a reference to the one before it of the same worker. So a worker's
// newest are found without reading the journal, and the journal is read only after a restart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "muster/clock.h"
#include "store/model/slab.h"

namespace muster::sqlite {

/// Not thread-safe: shared between the writer and the readers by the lock of the model.
class UnfoldedBeats {
 public:
  void GrowTo(std::size_t slots) { tails_.GrowTo(slots); }

  /// One row of the journal; the heartbeats that follow are its own. `at` is the wall clock in microseconds.
  void BeginRow(std::int64_t seq, std::int64_t at, ListeningTime listening);
  void Add(std::uint32_t slot);
  /// The worker's heartbeats so far are folded, or it is gone.
  void Clear(std::uint32_t slot);
  /// Forgets rows up to `seq`. Precondition: all their heartbeats were cleared.
  void DropThrough(std::int64_t seq);

  std::uint32_t CountOf(std::uint32_t slot) const { return tails_[slot].count; }
  /// Calls visit(wall clock in microseconds) for each, newest first, until it returns false.
  template <typename Visit>
  void VisitNewestFirst(std::uint32_t slot, Visit visit) const {
    const Tail& tail = tails_[slot];
    std::uint32_t at = tail.last;
    for (std::uint32_t left = tail.count; left > 0; --left) {
      const Entry& entry = EntryAt(at);
      if (!visit(rows_[entry.row - first_row_].at)) return;
      at = entry.previous;
    }
  }

  std::int64_t beats() const { return beats_; }
  /// Workers that have any.
  std::int64_t workers() const { return workers_; }
  std::size_t rows() const { return rows_.size(); }
  // Precondition: there are rows.
  ListeningTime OldestListening() const { return rows_.front().listening; }
  std::int64_t FirstSeq() const { return rows_.front().seq; }
  std::int64_t LastSeq() const { return rows_.back().seq; }

 private:
  // Numbers of entries and of rows wrap around; far fewer than half of them are ever there at once.
  struct Entry {
    std::uint32_t previous;
    std::uint32_t row;
  };
  struct Row {
    std::int64_t seq;
    std::int64_t at;
    ListeningTime listening;
    std::uint32_t end;  // the number after its last entry
  };
  struct Tail {
    std::uint32_t last = 0;
    std::uint32_t count = 0;
  };
  static constexpr std::uint32_t kChunk = 1U << 16;
  using Chunk = std::array<Entry, kChunk>;

  const Entry& EntryAt(std::uint32_t number) const {
    const std::uint32_t offset = number - first_entry_;
    return (*chunks_[offset / kChunk])[offset % kChunk];
  }

  Slab<Tail> tails_;
  std::deque<std::unique_ptr<Chunk>> chunks_;
  std::uint32_t first_entry_ = 0;  // the number of the first entry of the first chunk
  std::uint32_t next_entry_ = 0;
  std::deque<Row> rows_;
  std::uint32_t first_row_ = 0;
  std::int64_t beats_ = 0;
  std::int64_t workers_ = 0;
};

}  // namespace muster::sqlite
