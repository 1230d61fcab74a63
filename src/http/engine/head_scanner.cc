#include "http/engine/head_scanner.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace muster::http {
namespace {

// The rest of a request line besides its target: the method, the version, the spaces and the line's end.
constexpr std::size_t kLineBesideTarget = 128;

}  // namespace

std::optional<Refusal> HeadScanner::Look(std::string_view bytes) {
  // Every known method begins with a letter. A client that sends something else, like TLS, is refused at
  // once and not only at the deadline. One empty line before the request is allowed, as RFC 9112 asks.
  if (!bytes.empty() && bytes[0] != '\r' && !absl::ascii_isalpha(static_cast<unsigned char>(bytes[0]))) {
    return Refusal{400, "this is not HTTP; the port speaks HTTP/1.1 without TLS"};
  }
  while (!done()) {
    const std::size_t newline = bytes.find('\n', seen_);
    if (newline == std::string_view::npos) {
      seen_ = bytes.size();
      return TooLong(bytes.size());
    }
    if (auto refusal = LookAtLine(bytes.substr(line_, newline - line_), newline + 1)) return refusal;
    if (auto refusal = TooLong(newline + 1)) return refusal;
    line_ = seen_ = newline + 1;
  }
  return std::nullopt;
}

std::optional<Refusal> HeadScanner::LookAtLine(std::string_view line, std::size_t next) {
  if (line.empty() || line.back() != '\r') return Refusal{400, "a line of the head ends in a bare LF"};
  line.remove_suffix(1);
  if (line.find('\r') != std::string_view::npos) return Refusal{400, "a line of the head holds a bare CR"};
  if (headers_ == 0) {
    if (!line.empty()) {
      headers_ = next;
    } else if (begin_ == 0) {
      begin_ = next;
    } else {
      return Refusal{400, "an empty line stands where a request line should"};
    }
    return std::nullopt;
  }
  if (line.empty()) {
    end_ = next;
    return std::nullopt;
  }
  if (line.front() == ' ' || line.front() == '\t') return Refusal{400, "a header is folded over two lines"};
  return std::nullopt;
}

std::optional<Refusal> HeadScanner::TooLong(std::size_t size) const {
  if (headers_ == 0 || (size == headers_ && !done())) {
    if (size - begin_ <= limits_->target_bytes + kLineBesideTarget) return std::nullopt;
    return Refusal{414, absl::StrCat("the target is longer than ", limits_->target_bytes, " bytes")};
  }
  if (size - headers_ <= limits_->headers_bytes) return std::nullopt;
  return Refusal{431, absl::StrCat("the headers are longer than ", limits_->headers_bytes, " bytes")};
}

}  // namespace muster::http
