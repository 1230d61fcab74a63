// The heartbeats that are in the journal but not yet folded into the pulses, in memory: four bytes each, the
// number of their row, in small blocks that belong to one worker. So a worker's newest are found without
// reading the journal, which is read only after a restart; and what is folded gives its memory back at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "muster/check.h"
#include "muster/clock.h"
#include "store/model/prefetch.h"
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

  // Asks the processor for what Add will touch: one after the other, some time apart.
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
  /// All blocks of a worker are full but the newest.
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

}  // namespace muster::sqlite
