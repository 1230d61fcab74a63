// How much each source of the log may say. Pure: it is told the time. Not thread-safe. Its memory is bounded:
// sources share one limit when there are too many of them, and a client that was silent is forgotten for a
// new one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "runtime/log.h"

namespace muster {

class LogLimits {
 public:
  static constexpr std::size_t kMaxSources = 256;
  static constexpr std::size_t kMaxClients = 512;

  /// Whether the line may be written. If not, it is counted as left out. `client` may be empty. `now` is on
  /// the monotonic clock.
  bool Admit(LogLevel level, std::string_view message, std::string_view client, LogLimit limit,
             absl::Duration now);

  struct LeftOut {
    LogLevel level;
    std::string message;
    std::int64_t lines = 0;
  };
  /// What was left out since the last call, by source.
  std::vector<LeftOut> TakeLeftOut();
  bool any_left_out() const { return any_left_out_; }

 private:
  // A bucket that fills with one line for each interval. Kept as the time at which it will be full.
  struct Bucket {
    bool Take(LogLimit limit, absl::Duration now);
    absl::Duration full_at = -absl::InfiniteDuration();
  };
  struct Source {
    std::uint64_t key = 0;  // 0: free
    Bucket bucket;
    LeftOut left_out;
  };
  struct Client {
    std::uint64_t key = 0;
    Bucket bucket;
  };
  static constexpr std::size_t kWays = 4;  // a client is looked for in so many places

  Source& SourceOf(std::uint64_t key, LogLevel level, std::string_view message);
  Bucket& ClientOf(std::uint64_t key);

  std::array<Source, kMaxSources> sources_;
  std::array<Client, kMaxClients> clients_;
  bool any_left_out_ = false;
};

}  // namespace muster
