#include "http/engine/head.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace muster::http {
namespace {

namespace beast = boost::beast;

std::string Copy(beast::string_view text) {
  return {text.data(), text.size()};
}

/// Whether the request line names another version of HTTP. A malformed version is not one.
bool OtherVersion(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const std::string_view version = line.substr(std::min(line.rfind(' ') + 1, line.size()));
  return version.size() == std::string_view("HTTP/2.0").size() && version.starts_with("HTTP/") &&
         version != "HTTP/1.1" && version != "HTTP/1.0";
}

Refusal NotUnderstood(std::string_view head, beast::error_code error) {
  if (error == beast::http::error::bad_version && OtherVersion(head)) {
    return {505, "this server speaks HTTP/1.1 and HTTP/1.0"};
  }
  return {400, absl::StrCat("this is not a request that HTTP/1.1 allows: ", error.message())};
}

void CopyFields(const beast::http::fields& fields, Fields& headers) {
  for (const auto& field : fields) {
    std::string name = Copy(field.name_string());
    absl::AsciiStrToLower(&name);
    const auto same = std::find_if(headers.begin(), headers.end(),
                                   [&name](const auto& header) { return header.first == name; });
    if (same == headers.end()) {
      headers.emplace_back(std::move(name), Copy(field.value()));
    } else {
      absl::StrAppend(&same->second, ", ", Copy(field.value()));
    }
  }
}

std::optional<Refusal> CheckHost(const beast::http::fields& fields, bool http_1_0) {
  const std::size_t hosts = fields.count(beast::http::field::host);
  if (hosts > 1 || (hosts == 0 && !http_1_0)) return Refusal{400, "a request has one Host header"};
  const beast::string_view host = fields[beast::http::field::host];
  const bool plain = std::none_of(host.begin(), host.end(), [](char c) {
    return c == '/' || c == '@' || c == '?' || c == '#' || c == '\\' || c == ',' || c == ' ' || c == '\t';
  });
  return plain ? std::nullopt : std::optional(Refusal{400, "the Host header is no host"});
}

/// The length of the body must be beyond doubt.
std::optional<Refusal> CheckFraming(const Request& request, bool http_1_0) {
  if (!request.HasHeader("transfer-encoding")) return std::nullopt;
  if (request.HasHeader("content-length")) {
    return Refusal{400, "a request has either Content-Length or Transfer-Encoding"};
  }
  if (http_1_0) return Refusal{400, "HTTP/1.0 has no Transfer-Encoding"};
  if (!SameToken(request.Header("transfer-encoding"), "chunked")) {
    return Refusal{501, "the only Transfer-Encoding that is understood is chunked"};
  }
  return std::nullopt;
}

std::optional<Refusal> CheckBody(const Request& request, const Limits& limits, const Parser& parser) {
  const std::string_view coding = request.Header("content-encoding");
  if (!coding.empty() && !SameToken(coding, "identity")) {
    return Refusal{415, "a request's body is not compressed: send it without Content-Encoding"};
  }
  const auto length = parser.content_length();
  if (length && *length > limits.body_bytes) {
    return Refusal{413, absl::StrCat("the body is longer than ", limits.body_bytes, " bytes")};
  }
  return std::nullopt;
}

std::optional<Refusal> CheckTarget(const Limits& limits, Request& request) {
  if (request.target.size() > limits.target_bytes) {
    return Refusal{414, absl::StrCat("the target is longer than ", limits.target_bytes, " bytes")};
  }
  auto target = ReadTarget(request.target);
  if (!target.ok()) return Refusal{400, std::string(target.status().message())};
  if (target->path == "*" && request.method != "OPTIONS") return Refusal{400, "the target * is for OPTIONS"};
  request.path = std::move(target->path);
  request.segments = std::move(target->segments);
  request.query = std::move(target->query);
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> ReadHead(std::string_view bytes, const Limits& limits, Parser& parser, Head& head) {
  parser.header_limit(std::numeric_limits<std::uint32_t>::max());  // HeadScanner checked it
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());    // checked later, with our own message
  beast::error_code error;
  parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  const auto& message = parser.get();
  Request& request = head.request;
  request.method = Copy(message.method_string());
  request.target = Copy(message.target());
  if (std::distance(message.begin(), message.end()) > kMaxFields) {
    return Refusal{431, absl::StrCat("there are more than ", kMaxFields, " headers")};
  }
  CopyFields(message, request.headers);
  if (error) return NotUnderstood(bytes, error);
  head.http_1_0 = message.version() == 10;
  head.keep_alive = parser.keep_alive();
  if (auto refusal = CheckHost(message, head.http_1_0)) return refusal;
  if (auto refusal = CheckFraming(request, head.http_1_0)) return refusal;
  if (auto refusal = CheckTarget(limits, request)) return refusal;
  if (const std::string_view expects = request.Header("expect"); !expects.empty() && !head.http_1_0) {
    head.expects_continue = SameToken(expects, "100-continue");
    if (!head.expects_continue) return Refusal{417, "the only expectation that is met is 100-continue"};
  }
  return CheckBody(request, limits, parser);
}

}  // namespace muster::http
