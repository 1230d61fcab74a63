#include "http/engine/loop.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/impl/src.hpp>  // Asio and Beast are compiled here, once; the rest of them is headers
#include <boost/beast/src.hpp>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "http/engine/connection.h"

namespace muster::http {
namespace {

constexpr std::size_t kMaxRequestIdBytes = 128;

}  // namespace

bool IsSaneRequestId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestIdBytes &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

RequestIds::RequestIds() {
  char bytes[8];
  // This fails only on a kernel without the call.
  if (getentropy(bytes, sizeof bytes) != 0) std::abort();
  prefix_ = absl::BytesToHexString({bytes, sizeof bytes});
}

std::string RequestIds::Next() {
  return absl::StrCat(prefix_, "-", ++count_);
}

Loop::Loop(const Limits& limits_in, const net::Acceptor::Options& accepting,
           std::vector<std::string> cors_origins, const Clock& clock, Handler& handler_in)
    : limits(limits_in),
      cors(std::move(cors_origins)),
      handler(handler_in),
      acceptor(accepting, clock),
      clock_(clock) {}

Loop::~Loop() = default;

void Loop::Remove(const std::shared_ptr<Connection>& connection) {
  if (connections.erase(connection) == 0) return;
  const Place& place = connection->place();
  place.welcome ? acceptor.Left(place.source, place.counted) : void(--told_so);
  if (stopping && connections.empty()) grace_.cancel();
}

void Loop::Drain() {
  draining = true;
  // Iterate over a copy: a connection that closes leaves the set.
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
