// The head of a request: from bytes to a Request, and what else the connection needs to know.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/engine/head_scanner.h"
#include "http/message.h"

namespace muster::http {

using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

struct Head {
  Request request;  // without body, peer and id
  bool http_1_0 = false;
  bool keep_alive = false;
  bool expects_continue = false;
};

/// The number of headers that one head may have. More of them: 431.
inline constexpr int kMaxFields = 128;

/// Reads `bytes`, a complete head that HeadScanner did not refuse. `parser` must be new; it is then ready for
/// the body. After a refusal, `head` contains what was read so far. The connection must then be closed,
/// because it is not known where the next request begins.
std::optional<Refusal> ReadHead(std::string_view bytes, const Limits& limits, Parser& parser, Head& head);

}  // namespace muster::http
