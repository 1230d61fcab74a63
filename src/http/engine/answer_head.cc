#include "http/engine/answer_head.h"

#include <algorithm>
#include <boost/beast/http/status.hpp>

#include "absl/strings/str_cat.h"
#include "http/engine/compression.h"

namespace muster::http {
namespace {

constexpr std::size_t kUsualBytes = 512;

bool Safe(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

void Add(std::string_view name, std::string_view value, std::string& out) {
  if (!Safe(name) || !Safe(value)) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

/// The tag that the client gets: that of the representation in this answer. A 304 has no representation; it
/// gets the tag of the one that the client has.
std::string TagFor(const std::string& tag, const Response& response, Coding coding,
                   const Exchange& exchange) {
  const bool has_gzip =
      response.status == 304 && exchange.if_none_match.find(TagOfGzip(tag)) != std::string::npos;
  return coding == Coding::kGzip || has_gzip ? TagOfGzip(tag) : tag;
}

}  // namespace

bool HasBody(int status) {
  return status >= 200 && status != 204 && status != 304;
}

bool CouldBeGzip(const Response& response) {
  if (!HasBody(response.status) || response.body.size() < kMinGzipBytes) return false;
  return Compressible(response.content_type) &&
         std::none_of(response.headers.begin(), response.headers.end(), [](const auto& header) {
           return SameToken(header.first, "Content-Encoding") ||
                  (SameToken(header.first, "Cache-Control") &&
                   header.second.find("no-transform") != std::string::npos);
         });
}

std::string AnswerHead(const Response& response, Coding coding, const Exchange& exchange, const Cors& cors,
                       std::string_view date) {
  std::string out;
  out.reserve(kUsualBytes);
  const auto reason =
      boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
  absl::StrAppend(&out, "HTTP/1.1 ", response.status, " ");
  out.append(reason.data(), reason.size()).append("\r\n");
  Add("Date", date, out);
  Add("Server", "muster", out);
  if (HasBody(response.status)) {
    if (!response.content_type.empty()) Add("Content-Type", response.content_type, out);
    absl::StrAppend(&out, "Content-Length: ", response.body.size(), "\r\n");
  }
  if (coding == Coding::kGzip) Add("Content-Encoding", "gzip", out);
  for (const auto& [name, value] : response.headers) {
    Add(name, SameToken(name, "ETag") ? TagFor(value, response, coding, exchange) : value, out);
  }
  if (!exchange.request_id.empty()) Add("X-Request-Id", exchange.request_id, out);
  Fields cross_origin;
  cors.Add(exchange.origin, cross_origin);
  for (const auto& [name, value] : cross_origin) Add(name, value, out);
  if (!exchange.keep_alive) {
    Add("Connection", "close", out);
  } else if (exchange.http_1_0) {
    Add("Connection", "keep-alive", out);
  }
  return out.append("\r\n");
}

}  // namespace muster::http
