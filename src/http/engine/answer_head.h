// The head of an answer: the handler's headers, and those that every answer has. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/engine/cors.h"
#include "http/message.h"

namespace muster::http {

/// The facts about a request on which its answer depends. Kept while the handler works.
struct Exchange {
  std::string request_id;
  std::string origin;         // of a browser's page; empty: none was named
  std::string if_none_match;  // as it arrived, if it contained tags of compressed answers
  bool head_only = false;     // the method is HEAD
  bool http_1_0 = false;
  bool keep_alive = false;
  bool takes_gzip = false;
};

/// Whether an answer with this status has a body.
bool HasBody(int status);

/// Whether this answer may be compressed for a client that takes gzip.
bool CouldBeGzip(const Response& response);

enum class Coding { kNone, kGzip };

/// From the status line to the empty line. `response.body` is the body that GET is sent. `date` is the value
/// of the Date header. A header whose value could break the head is left out.
std::string AnswerHead(const Response& response, Coding coding, const Exchange& exchange, const Cors& cors,
                       std::string_view date);

}  // namespace muster::http
