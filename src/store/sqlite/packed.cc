#include "store/sqlite/packed.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace muster::sqlite {
namespace {

constexpr char kJournalFormat = 1;

void PutVarint(std::uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Takes a varint off the front. False if there is none: then `in` is damaged.
bool TakeVarint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

std::uint64_t ZigZag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t UnZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// Computed unsigned, because damaged bytes must not overflow.
std::uint64_t Distance(std::int64_t newer, std::int64_t older) {
  return ZigZag(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(newer) - static_cast<std::uint64_t>(older)));
}

// The bytes of the first `count` varints.
std::string_view First(std::string_view packed, std::size_t count) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < packed.size() && count > 0; ++at) {
    if (static_cast<unsigned char>(packed[at]) >= 0x80) continue;
    end = at + 1;
    --count;
  }
  return packed.substr(0, end);
}

}  // namespace

void JournalEncoder::Start(std::uint64_t heartbeats) {
  bytes_.clear();
  last_key_ = 0;
  bytes_.push_back(kJournalFormat);
  PutVarint(heartbeats, bytes_);
}

void JournalEncoder::Add(std::int64_t key, const std::optional<std::int32_t>& in_use) {
  PutVarint((ZigZag(key - last_key_) << 1) | (in_use ? 1 : 0), bytes_);
  if (in_use) PutVarint(ZigZag(*in_use), bytes_);
  last_key_ = key;
}

JournalDecoder::JournalDecoder(std::string_view bytes) : rest_(bytes) {
  if (rest_.empty() || rest_.front() != kJournalFormat) {
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

std::string PackHistory(std::span<const std::int64_t> times, int most) {
  std::string packed;
  const std::size_t kept = std::min(times.size(), static_cast<std::size_t>(most));
  for (std::size_t i = 1; i < kept; ++i) PutVarint(Distance(times[i - 1], times[i]), packed);
  return packed;
}

std::string PrependHistory(std::span<const std::int64_t> newer, std::int64_t last, std::string_view packed,
                           int most) {
  std::string joined = PackHistory(newer, most);
  const auto room = static_cast<std::size_t>(most);
  if (newer.size() >= room) return joined;
  PutVarint(Distance(newer.back(), last), joined);
  joined.append(First(packed, room - newer.size() - 1));
  return joined;
}

std::vector<std::int64_t> UnpackHistory(std::int64_t last, std::string_view packed) {
  std::vector<std::int64_t> times = {last};
  std::uint64_t distance = 0;
  while (!packed.empty() && TakeVarint(packed, distance)) {
    const auto back = static_cast<std::uint64_t>(UnZigZag(distance));
    times.push_back(static_cast<std::int64_t>(static_cast<std::uint64_t>(times.back()) - back));
  }
  return times;
}

}  // namespace muster::sqlite
