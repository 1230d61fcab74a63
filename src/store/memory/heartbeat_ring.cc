#include "store/memory/heartbeat_ring.h"

#include <algorithm>
#include <utility>

namespace muster {

void HeartbeatRing::Push(std::int64_t at, std::uint32_t most) {
  if (size_ == room_ && room_ < most) {
    const std::uint32_t room = std::min(most, std::max(4U, room_ * 2));
    auto times = std::make_unique<std::int64_t[]>(room);
    for (std::uint32_t i = 0; i < size_; ++i) times[i] = FromNewest(size_ - 1 - i);
    times_ = std::move(times);
    room_ = room;
    next_ = size_;
  }
  times_[next_] = at;
  next_ = (next_ + 1) % room_;
  size_ = std::min(size_ + 1, room_);
}

}  // namespace muster
