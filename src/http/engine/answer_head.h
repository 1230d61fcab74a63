// The head of an answer: the handler's headers and those that every answer has. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/engine/cors.h"
#include "http/engine/exchange.h"
#include "http/message.h"

namespace muster::http {

/// Whether an answer with this status has a body.
bool HasBody(int status);

/// Whether the client may be sent this answer compressed, and whether it could be if it took that.
bool CouldBeGzip(const Response& response);

enum class Coding { kNone, kGzip };

/// From the status line to the empty line. `response.body` is the body as it is sent (to GET). `date`: the
/// value of the Date header. A header whose value could break the head is left out.
std::string AnswerHead(const Response& response, Coding coding, const Exchange& exchange, const Cors& cors,
                       std::string_view date);

}  // namespace muster::http
