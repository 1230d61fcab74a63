// Errors as RFC 9457 problem documents. This is the one place where a WorkerError gets its HTTP status. Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/api/json.h"
#include "http/message.h"
#include "muster/errors.h"

namespace muster::http {

/// The name of a field in this interface ("id", "expectedStatus", "heartbeats[3].inUse"), from its name in
/// the domain ("worker_id", "expected_status", "heartbeats[3].in_use"). Names of this interface stay as they
/// are.
std::string JsonName(std::string_view field);

/// The error of a use case, with the field names of this interface.
WorkerError InJsonNames(const WorkerError& error);

/// The document alone, without the members that belong to a request.
Json ProblemOf(const WorkerError& error);

/// The document as an answer. `request` is what is known of the request, or null.
Response Refusal(const WorkerError& error, const Request* request);

/// A refusal by HTTP itself: no such route, no such method, a body that is too large.
Response Refusal(int status, std::string_view detail, const Request* request);

}  // namespace muster::http
