// A request's target, taken apart. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "http/message.h"

namespace muster::http {

struct Target {
  std::string path;  // as sent
  std::vector<std::string> segments;
  Fields query;
};

/// "/workers/a%2Fb?status=Active" -> the path, {"workers", "a/b"}, {{"status", "Active"}}. Segments are what
/// stands between slashes, empty and "." ones too: nothing is normalised. Also takes "http://host/path", as a
/// proxy is asked, and "*", which has no segments.
///
/// INVALID_ARGUMENT, with a sentence for the client, for an escape that is none, for %00 and for what does
/// not decode to UTF-8.
absl::StatusOr<Target> ReadTarget(std::string_view target);

}  // namespace muster::http
