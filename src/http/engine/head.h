// The head of a request: from bytes to a Request, with what else its connection needs to know.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/engine/refusal.h"
#include "http/limits.h"
#include "http/message.h"

namespace muster::http {

using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

struct Head {
  Request request;  // all but body, peer and id
  bool http_1_0 = false;
  bool keep_alive = false;
  bool expects_continue = false;
};

/// Fields that one head may have; 431 over it.
inline constexpr int kMaxFields = 128;

/// Reads `bytes`, a whole head that HeadScanner let pass. The parser, a new one, is then ready for the body.
/// After a refusal `head` holds as much as was read, and the connection must be closed: where the next
/// request would begin is not known.
std::optional<Refusal> ReadHead(std::string_view bytes, const Limits& limits, Parser& parser, Head& head);

}  // namespace muster::http
