// What is looked at before a route gets a request: who sends it, its parameters, its body.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/validation.h"
#include "http/api/call.h"
#include "http/api/routes.h"
#include "http/message.h"

namespace muster::http {

/// 403 for a change that a page of another origin sends. Browsers send some requests without asking
/// beforehand, so CORS alone does not keep a page on the web from changing the roll of a daemon on the
/// loopback.
std::optional<Response> RejectCrossOriginWrite(const Request& request,
                                       const std::vector<std::string>& allowed_origins);

/// InvalidArgument for a parameter that the route does not know.
FieldError CheckParameters(const Route& route, const Request& request);

/// Fills call.body; or 400 for what is no JSON object, or where none is expected, and 415 for another type
/// than JSON. What `curl -d` sends is JSON as well, whatever type curl says it is.
std::optional<Response> ReadBody(const Route& route, Call& call);

}  // namespace muster::http
