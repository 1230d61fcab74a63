// Cross-origin requests of browsers (CORS in the Fetch standard): which origins may read the answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace muster::http {

/// Thread-safe, because it never changes.
class Cors {
 public:
  /// Exact origins, or "*". If there are none, CORS is off, and no header is added.
  explicit Cors(std::vector<std::string> origins);

  bool off() const { return origins_.empty(); }

  /// Whether a request is a preflight (it asks what a later request may do) from an allowed origin.
  bool IsPreflight(const Request& request) const;
  /// The answer to a preflight, without the headers of Add. `methods` are those of the path.
  static Response AnswerPreflight(const std::vector<std::string>& methods);

  /// Adds the headers of an answer to a request from `origin`. An empty origin: the request named none.
  void Add(std::string_view origin, Fields& headers) const;

 private:
  bool Allows(std::string_view origin) const;

  std::vector<std::string> origins_;
  bool all_ = false;
};

}  // namespace muster::http
