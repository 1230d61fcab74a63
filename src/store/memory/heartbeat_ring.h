// The times of a worker's last heartbeats: grows with use up to a limit, then the oldest makes room.
#pragma once

#include <cstdint>
#include <memory>

#include "muster/check.h"

namespace muster {

/// Microseconds since the epoch. Not thread-safe.
class HeartbeatRing {
 public:
  /// `most` must be the same in every call, more than 0.
  void Push(std::int64_t at, std::uint32_t most);
  void Clear() { *this = HeartbeatRing(); }
  std::uint32_t size() const { return size_; }
  /// Precondition: back < size(). 0 is the newest.
  std::int64_t FromNewest(std::uint32_t back) const {
    MUSTER_CHECK(back < size_, "a heartbeat that is kept is asked for");
    return times_[(next_ + room_ - 1 - back) % room_];
  }

 private:
  std::unique_ptr<std::int64_t[]> times_;
  std::uint32_t room_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t next_ = 0;
};

}  // namespace muster
