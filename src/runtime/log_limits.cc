#include "runtime/log_limits.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace muster {
namespace {

constexpr int kClientsShare = 4;  // one client may say a quarter of what all may say

std::uint64_t Key(std::uint64_t before, std::string_view text) {
  const std::uint64_t mixed = (before ^ std::hash<std::string_view>()(text)) * 0x9E3779B97F4A7C15u;
  return std::max<std::uint64_t>(mixed ^ (mixed >> 32), 1);
}

}  // namespace

bool LogLimits::Bucket::Take(LogLimit limit, absl::Duration now) {
  const absl::Duration next = std::max(full_at, now) + limit.interval;
  if (next - now > limit.burst * limit.interval) return false;
  full_at = next;
  return true;
}

bool LogLimits::Admit(LogLevel level, std::string_view message, std::string_view client, LogLimit limit,
                      absl::Duration now) {
  const std::uint64_t key = Key(static_cast<std::uint64_t>(level) + 1, message);
  Source& source = SourceOf(key, level, message);
  const LogLimit of_client = {std::max(1, limit.burst / kClientsShare), limit.interval * kClientsShare};
  const bool admitted =
      (client.empty() || ClientOf(Key(key, client)).Take(of_client, now)) && source.bucket.Take(limit, now);
  if (!admitted) {
    ++source.left_out.lines;
    any_left_out_ = true;
  }
  return admitted;
}

std::vector<LogLimits::LeftOut> LogLimits::TakeLeftOut() {
  std::vector<LeftOut> taken;
  if (!std::exchange(any_left_out_, false)) return taken;
  for (Source& each : sources_) {
    if (each.left_out.lines == 0) continue;
    taken.push_back(each.left_out);
    each.left_out.lines = 0;
  }
  return taken;
}

LogLimits::Source& LogLimits::SourceOf(std::uint64_t key, LogLevel level, std::string_view message) {
  constexpr std::size_t kShared = kMaxSources - 1;
  for (std::size_t i = 0; i < kShared; ++i) {
    Source& source = sources_[(key + i) % kShared];
    if (source.key == key) return source;
    if (source.key != 0) continue;
    source.key = key;
    source.left_out = {level, std::string(message.substr(0, 200)), 0};
    return source;
  }
  Source& shared = sources_[kShared];
  shared.left_out.level = LogLevel::kWarning;
  shared.left_out.message = "all others";
  return shared;
}

LogLimits::Bucket& LogLimits::ClientOf(std::uint64_t key) {
  Client* const first = &clients_[key % (kMaxClients / kWays) * kWays];
  Client* const last = first + kWays;
  Client* client = std::find_if(first, last, [&](const Client& each) { return each.key == key; });
  if (client == last) {
    client = std::min_element(first, last, [](const Client& one, const Client& other) {
      return one.bucket.full_at < other.bucket.full_at;
    });
    *client = {key, {}};
  }
  return client->bucket;
}

}  // namespace muster
