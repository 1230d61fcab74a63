// The times of a worker's last heartbeats, packed: the newest is in a column of its own, the blob has the
// distance of each to the one before it, newest first. So new ones go in front, and old ones are cut off,
// without unpacking.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::sqlite {

/// Times in microseconds; `newer` (not empty) are newest first, `packed` is the blob that goes with the time
/// `last`. Keeps the newest `most` in all. Damaged bytes lose what they were, and nothing else.
std::string PrependHistory(std::span<const std::int64_t> newer, std::int64_t last, std::string_view packed,
                           int most);

/// The same for a worker without history.
std::string PackHistory(std::span<const std::int64_t> times, int most);

/// Newest first; begins with `last`. Ends early where bytes are damaged.
std::vector<std::int64_t> UnpackHistory(std::int64_t last, std::string_view packed);

}  // namespace muster::sqlite
