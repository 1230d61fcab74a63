#include "store/sqlite/history_codec.h"

#include <algorithm>
#include <cstddef>

#include "store/sqlite/varint.h"

namespace muster::sqlite {
namespace {

// As unsigned, because damaged bytes must not overflow.
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
