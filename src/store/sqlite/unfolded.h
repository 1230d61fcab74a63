// The heartbeats that are in the journal but not yet folded into the pulses, in memory. Each takes four
// bytes, the number of its row, in small blocks that belong to one worker. So the newest heartbeats of a
// worker are found without a look at the journal, which is read only after a restart. And a heartbeat that is
// folded gives its memory back at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "muster/check.h"
#include "muster/clock.h"
#include "store/model/committed_reader.h"
#include "store/model/slab.h"

namespace muster::sqlite {

/// Not thread-safe: the lock of the model protects it between the writer and the readers.
class UnfoldedBeats {
 public:
  void GrowTo(std::size_t slots) { tails_.GrowTo(slots); }

  /// Begins a row of the journal; the heartbeats that follow belong to it. `at` is the wall clock in
  /// microseconds.
  void BeginRow(std::int64_t seq, std::int64_t at, ListeningTime listening);
  void Add(std::uint32_t slot);
  /// The heartbeats of the worker so far are folded, or the worker is gone.
  void Clear(std::uint32_t slot);
  /// Forgets rows up to `seq`. Precondition: all their heartbeats were cleared.
  void DropThrough(std::int64_t seq);

  std::uint32_t CountOf(std::uint32_t slot) const { return tails_[slot].count; }
  /// Calls visit(wall clock in microseconds) for each heartbeat, newest first, until it returns false.
  template <typename Visit>
  void VisitNewestFirst(std::uint32_t slot, Visit visit) const {
    const Tail& tail = tails_[slot];
    std::uint32_t number = tail.block;
    for (std::uint32_t left = tail.count; left > 0; --left) {
      const Block& block = blocks_[number];
      const std::uint32_t place = (left - 1) % kInBlock;
      if (!visit(rows_[block.rows[place] - first_row_].at)) return;
      if (place == 0) number = block.before;
    }
  }

  std::int64_t beats() const { return beats_; }
  /// Workers that have any.
  std::int64_t workers() const { return workers_; }
  std::size_t rows() const { return rows_.size(); }
  /// Heartbeats in these rows, folded or not.
  std::int64_t journaled() const { return journaled_; }
  // Precondition: there are rows.
  ListeningTime OldestListening() const { return Checked().front().listening; }
  std::int64_t FirstSeq() const { return Checked().front().seq; }
  std::int64_t LastSeq() const { return Checked().back().seq; }

  // Asks the processor for what Add will touch: first the tail, some time later the block.
  void PrefetchTail(std::uint32_t slot) const { Prefetch(&tails_[slot]); }
  void PrefetchBlock(std::uint32_t slot) const {
    const Tail& tail = tails_[slot];
    if (tail.count % kInBlock != 0) Prefetch(&blocks_[tail.block]);
  }

 private:
  static constexpr std::uint32_t kInBlock = 7;  // half a cache line
  struct alignas(32) Block {
    std::uint32_t rows[kInBlock];
    std::uint32_t before;  // the block before this one of the same worker, or the next unused one
  };
  /// All blocks of a worker are full, except the newest.
  struct Tail {
    std::uint32_t block = kNoSlot;
    std::uint32_t count = 0;
  };
  struct Row {
    std::int64_t seq;
    std::int64_t at;
    ListeningTime listening;
    std::uint32_t beats;
  };

  std::uint32_t NewBlock();
  const std::deque<Row>& Checked() const {
    MUSTER_CHECK(!rows_.empty(), "only rows that are there are asked about");
    return rows_;
  }

  Slab<Tail> tails_;
  Slab<Block> blocks_;
  std::uint32_t block_count_ = 0;
  std::uint32_t unused_ = kNoSlot;  // blocks, in a list
  std::deque<Row> rows_;
  std::uint32_t first_row_ = 0;  // numbers of rows wrap around
  std::int64_t beats_ = 0;
  std::int64_t workers_ = 0;
  std::int64_t journaled_ = 0;
};

/// What the writer and the readers of the SQLite store share: the model, and the heartbeats that are not
/// folded yet, behind the lock of the model.
struct SharedRegistry : SharedModel {
  /// The writer's thread only, as SharedModel::ForWriter.
  const UnfoldedBeats& UnfoldedForWriter() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return unfolded; }

  UnfoldedBeats unfolded ABSL_GUARDED_BY(mu);
};

}  // namespace muster::sqlite
