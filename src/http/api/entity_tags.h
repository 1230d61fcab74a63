// Entity tags. The tag of a worker is its revision, so that If-Match is a compare-and-set (RFC 9110, 8.8.3
// and 13.1). Pure.
//
// Like the revision, the tag does not cover heartbeats: a heartbeat is no change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "muster/result.h"
#include "muster/worker.h"

namespace muster::http {

/// "7", with its quotes.
std::string TagOf(const Worker& worker);

/// Whether If-None-Match contains the worker's tag, compared weakly. Then the client has the worker already.
bool HasAlready(const Request& request, const Worker& worker);

/// What If-Match requires of the worker that is to be changed.
struct Precondition {
  bool asked = false;
  bool any = false;                     // "*": the worker must exist
  std::vector<std::int64_t> revisions;  // from the tags that a worker can have; weak ones never match

  /// InvalidArgument if the header is no list of tags.
  static Result<Precondition> Of(const Request& request);

  bool Holds(const Worker& worker) const;
};

}  // namespace muster::http
