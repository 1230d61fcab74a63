// Entity tags: a worker's is its revision, so that If-Match is a compare-and-set (RFC 9110, 8.8.3 and 13.1).
// Pure.
//
// The tag stands for the worker without its heartbeats, as the revision does: a heartbeat is no change.
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

/// Whether If-None-Match holds the worker's tag, compared weakly: then the client has it already.
bool HasAlready(const Request& request, const Worker& worker);

/// What If-Match asks of a worker that is to be changed.
struct Precondition {
  bool asked = false;
  bool any = false;                     // "*": that it is there
  std::vector<std::int64_t> revisions;  // of the tags that can be a worker's; weak ones never match

  /// InvalidArgument if the header is no list of tags.
  static Result<Precondition> Of(const Request& request);

  bool Holds(const Worker& worker) const;
};

}  // namespace muster::http
