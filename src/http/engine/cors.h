// Cross-origin requests of browsers: which origins may read the answers (the Fetch standard calls it CORS).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace muster::http {

/// Thread-safe: never changes.
class Cors {
 public:
  /// Exact origins, or "*". None: CORS is off, and nothing here adds anything.
  explicit Cors(std::vector<std::string> origins);

  bool off() const { return origins_.empty(); }

  /// Whether a request asks beforehand what it may do, and may hear it: OPTIONS from an allowed origin.
  bool IsPreflight(const Request& request) const;
  /// The answer to that, but for the headers of Add. `methods` are those of the path.
  static Response AnswerPreflight(const std::vector<std::string>& methods);

  /// What an answer to a request from `origin` (empty: it named none) says in addition.
  void Add(std::string_view origin, Fields& headers) const;

 private:
  bool Allows(std::string_view origin) const;

  std::vector<std::string> origins_;
  bool all_ = false;
};

}  // namespace muster::http
