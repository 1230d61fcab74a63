#include "store/sqlite/unfolded.h"

namespace muster::sqlite {

void UnfoldedBeats::BeginRow(std::int64_t seq, std::int64_t at, ListeningTime listening) {
  rows_.push_back(Row{seq, at, listening, 0});
}

std::uint32_t UnfoldedBeats::NewBlock() {
  if (unused_ == kNoSlot) {
    blocks_.GrowTo(block_count_ + 1);
    return block_count_++;
  }
  const std::uint32_t block = unused_;
  unused_ = blocks_[block].before;
  return block;
}

void UnfoldedBeats::Add(std::uint32_t slot) {
  Tail& tail = tails_[slot];
  const std::uint32_t place = tail.count % kInBlock;
  if (place == 0) {
    const std::uint32_t block = NewBlock();
    blocks_[block].before = tail.block;
    tail.block = block;
  }
  blocks_[tail.block].rows[place] = first_row_ + static_cast<std::uint32_t>(rows_.size()) - 1;
  if (tail.count++ == 0) ++workers_;
  ++beats_;
  ++journaled_;
  ++rows_.back().beats;
}

void UnfoldedBeats::Clear(std::uint32_t slot) {
  Tail& tail = tails_[slot];
  if (tail.count == 0) return;
  beats_ -= tail.count;
  --workers_;
  for (std::uint32_t block = tail.block; block != kNoSlot;) {
    const std::uint32_t before = blocks_[block].before;
    blocks_[block].before = unused_;
    unused_ = block;
    block = before;
  }
  tail = Tail();
}

void UnfoldedBeats::DropThrough(std::int64_t seq) {
  while (!rows_.empty() && rows_.front().seq <= seq) {
    journaled_ -= rows_.front().beats;
    rows_.pop_front();
    ++first_row_;
  }
}

}  // namespace muster::sqlite
