// The tokens of the probes that this process answered with OK.
//
// Another process on the same port would answer a probe as well. So an answer proves something only if its
// token is found here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "runtime/mutex.h"

namespace muster {

/// Thread-safe. Remembers the last kMax tokens.
class AnsweredProbes {
 public:
  static constexpr std::size_t kMax = 64;

  void Add(std::string_view token) {
    const MutexLock lock(mu_);
    if (tokens_.size() == kMax) tokens_.pop_front();
    tokens_.emplace_back(token);
  }
  /// True once for each token that was added.
  bool Take(std::string_view token) {
    const MutexLock lock(mu_);
    const auto found = std::find(tokens_.begin(), tokens_.end(), token);
    if (found == tokens_.end()) return false;
    tokens_.erase(found);
    return true;
  }

 private:
  Mutex mu_;
  std::deque<std::string> tokens_ ABSL_GUARDED_BY(mu_);  // oldest first
};

}  // namespace muster
