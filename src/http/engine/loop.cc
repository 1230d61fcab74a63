#include "http/engine/loop.h"

#include <utility>

#include "http/engine/connection.h"

namespace muster::http {

Loop::Loop(const Limits& limits_in, std::vector<std::string> cors_origins, const Clock& clock,
           Handler& handler_in)
    : limits(limits_in), cors(std::move(cors_origins)), handler(handler_in), clock_(clock) {}

Loop::~Loop() = default;

void Loop::Remove(const std::shared_ptr<Connection>& connection) {
  connections.erase(connection);
  if (stopping && connections.empty()) grace_.cancel();
}

void Loop::Drain() {
  draining = true;
  // A copy: what closes leaves the set.
  for (const auto& connection : std::vector(connections.begin(), connections.end())) connection->Drain();
}

void Loop::Stop(absl::Duration grace) {
  stopping = true;
  Drain();
  if (connections.empty()) return;
  grace_.expires_after(ForTimer(grace));
  grace_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    for (const auto& connection : std::vector(connections.begin(), connections.end())) connection->Close();
  });
}

const std::string& Loop::Date() {
  const absl::Time now = clock_.WallNow();
  const std::int64_t second = absl::ToUnixSeconds(now);
  if (second != date_of_) {
    date_of_ = second;
    date_ = absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", now, absl::UTCTimeZone());
  }
  return date_;
}

}  // namespace muster::http
