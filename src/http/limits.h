// What a client may send, and how long it may take: over it, a clear answer.
#pragma once

#include <cstddef>

#include "absl/time/time.h"

namespace muster::http {

struct Limits {
  std::size_t target_bytes = 8 << 10;    // 414
  std::size_t headers_bytes = 16 << 10;  // 431
  std::size_t body_bytes = 64 << 10;     // 413
  std::size_t connections = 10'000;      // 503, and closed

  absl::Duration headers_within = absl::Seconds(10);  // from their first byte; then 408, and closed
  absl::Duration body_within = absl::Seconds(30);     // from the end of the headers; then 408, and closed
  absl::Duration answer_within = absl::Seconds(30);   // for the client to take an answer; then closed
  absl::Duration idle = absl::Seconds(75);            // between requests; then closed without a word
  absl::Duration linger = absl::Seconds(2);  // after a refusal, for the client to read it before the reset
};

}  // namespace muster::http
