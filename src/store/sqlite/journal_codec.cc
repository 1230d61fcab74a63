#include "store/sqlite/journal_codec.h"

#include <limits>

namespace muster::sqlite {
namespace {

constexpr char kFormat = 1;

}  // namespace

void JournalEncoder::Start(std::uint64_t heartbeats) {
  bytes_.clear();
  last_key_ = 0;
  bytes_.push_back(kFormat);
  PutVarint(heartbeats, bytes_);
}

void JournalEncoder::Add(std::int64_t key, const std::optional<std::int32_t>& in_use) {
  PutVarint((ZigZag(key - last_key_) << 1) | (in_use ? 1 : 0), bytes_);
  if (in_use) PutVarint(ZigZag(*in_use), bytes_);
  last_key_ = key;
}

JournalDecoder::JournalDecoder(std::string_view bytes) : rest_(bytes) {
  if (rest_.empty() || rest_.front() != kFormat) {
    damaged_ = true;
    return;
  }
  rest_.remove_prefix(1);
  damaged_ = !TakeVarint(rest_, waiting_) || waiting_ > rest_.size() || (waiting_ == 0 && !rest_.empty());
}

bool JournalDecoder::Damaged() {
  damaged_ = true;
  return false;
}

bool JournalDecoder::Next(JournaledBeat& beat) {
  if (damaged_ || waiting_ == 0) return false;
  std::uint64_t distance = 0;
  if (!TakeVarint(rest_, distance)) return Damaged();
  // Unsigned, because it wraps where damaged bytes would overflow.
  last_key_ += static_cast<std::uint64_t>(UnZigZag(distance >> 1));
  beat.key = static_cast<std::int64_t>(last_key_);
  beat.in_use.reset();
  if ((distance & 1) != 0) {
    std::uint64_t in_use = 0;
    if (!TakeVarint(rest_, in_use)) return Damaged();
    const std::int64_t value = UnZigZag(in_use);
    if (value < std::numeric_limits<std::int32_t>::min() ||
        value > std::numeric_limits<std::int32_t>::max()) {
      return Damaged();
    }
    beat.in_use = static_cast<std::int32_t>(value);
  }
  --waiting_;
  if (waiting_ == 0 && !rest_.empty()) return Damaged();
  return true;
}

}  // namespace muster::sqlite
