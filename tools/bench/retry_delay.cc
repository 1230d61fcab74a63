#include "retry_delay.h"

#include <string>

#include "absl/strings/escaping.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace muster::bench {

std::optional<std::int64_t> RetryDelayMicros(std::string_view trailer) {
  std::string bytes;
  google::rpc::Status status;
  if (!absl::Base64Unescape({trailer.data(), trailer.size()}, &bytes) || !status.ParseFromString(bytes)) {
    return std::nullopt;
  }
  for (const auto& detail : status.details()) {
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&retry)) {
      return retry.retry_delay().seconds() * 1'000'000 + retry.retry_delay().nanos() / 1'000;
    }
  }
  return std::nullopt;
}

}  // namespace muster::bench
