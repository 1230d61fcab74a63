#include "store/sqlite/unfolded.h"

namespace muster::sqlite {

void UnfoldedBeats::BeginRow(std::int64_t seq, std::int64_t at, ListeningTime listening) {
  rows_.push_back(Row{seq, at, listening, next_entry_});
}

void UnfoldedBeats::Add(std::uint32_t slot) {
  const std::uint32_t offset = next_entry_ - first_entry_;
  if (offset == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<Chunk>());
  Tail& tail = tails_[slot];
  const auto row = first_row_ + static_cast<std::uint32_t>(rows_.size()) - 1;
  (*chunks_[offset / kChunk])[offset % kChunk] = Entry{tail.last, row};
  tail.last = next_entry_;
  if (tail.count++ == 0) ++workers_;
  ++beats_;
  rows_.back().end = ++next_entry_;
}

void UnfoldedBeats::Clear(std::uint32_t slot) {
  Tail& tail = tails_[slot];
  if (tail.count == 0) return;
  beats_ -= tail.count;
  --workers_;
  tail = Tail();
}

void UnfoldedBeats::DropThrough(std::int64_t seq) {
  std::uint32_t end = first_entry_;
  while (!rows_.empty() && rows_.front().seq <= seq) {
    end = rows_.front().end;
    rows_.pop_front();
    ++first_row_;
  }
  while (!chunks_.empty() && end - first_entry_ >= kChunk) {
    chunks_.pop_front();
    first_entry_ += kChunk;
  }
}

}  // namespace muster::sqlite
