// How errors read: RFC 9457 problem documents, and the one place where a WorkerError gets its HTTP status.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "http/api/json.h"
#include "http/message.h"
#include "muster/errors.h"

namespace muster::http {

/// 400, 404, 409, 429 or 503.
int StatusOf(const WorkerError& error);

/// A field of the domain ("worker_id", "expected_status", "heartbeats[3].in_use") as requests of this
/// interface call it ("id", "expectedStatus", "heartbeats[3].inUse"). Names of this interface stay.
std::string JsonName(std::string_view field);

/// The error of a use case in the names of this interface.
WorkerError InJsonNames(const WorkerError& error);

/// The document alone, without what belongs to a request.
Json ProblemOf(const WorkerError& error);

/// The document as an answer. `request`: as much as is known of it, or null.
Response Refusal(const WorkerError& error, const Request* request);

/// What HTTP itself has to refuse: no such route, no such method, a body too large.
Response Refusal(int status, std::string_view detail, const Request* request);

}  // namespace muster::http
