#include "registry/statistics.h"

#include <algorithm>

namespace muster {

void DetectionStats::CalledOffline(std::int64_t count, absl::Span<const std::string> ids,
                                   absl::Duration worst, ListeningTime now, absl::Duration timeout) {
  offline_detected_ += count;
  worst_latency_ = std::max(worst_latency_, worst);
  for (const std::string& id : ids) {
    const auto [at, fresh] = called_at_.try_emplace(id, now);
    if (!fresh) {
      if (now - at->second <= kFlapTimeouts * timeout) ++flaps_;
      at->second = now;
    }
    order_.emplace_back(id, now);
  }
  while (order_.size() > kMaxRemembered ||
         (!order_.empty() && now - order_.front().second > kFlapTimeouts * timeout)) {
    const auto at = called_at_.find(order_.front().first);
    if (at != called_at_.end() && at->second == order_.front().second) called_at_.erase(at);
    order_.pop_front();
  }
}

}  // namespace muster
