#include "http/message.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "domain/text.h"

namespace muster::http {
namespace {

char Lower(char c) {
  return absl::ascii_tolower(static_cast<unsigned char>(c));
}

auto Find(const Fields& headers, std::string_view name) {
  return std::find_if(headers.begin(), headers.end(),
                      [name](const auto& header) { return SameToken(header.first, name); });
}

enum class Plus { kIsPlus, kIsSpace };

std::optional<int> HexDigit(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (!absl::ascii_isxdigit(byte)) return std::nullopt;
  return absl::ascii_isdigit(byte) ? c - '0' : absl::ascii_tolower(byte) - 'a' + 10;
}

absl::Status Bad(std::string_view piece, std::string_view why) {
  return absl::InvalidArgumentError(Concat({"\"", Excerpt(piece), "\" in the target ", why}));
}

absl::StatusOr<std::string> Decode(std::string_view piece, Plus plus) {
  std::string decoded;
  decoded.reserve(piece.size());
  for (std::size_t i = 0; i < piece.size(); ++i) {
    if (piece[i] == '+' && plus == Plus::kIsSpace) {
      decoded.push_back(' ');
      continue;
    }
    if (piece[i] != '%') {
      decoded.push_back(piece[i]);
      continue;
    }
    const std::optional<int> high = i + 2 < piece.size() ? HexDigit(piece[i + 1]) : std::nullopt;
    const std::optional<int> low = i + 2 < piece.size() ? HexDigit(piece[i + 2]) : std::nullopt;
    if (!high || !low) return Bad(piece, "has a % that is not followed by two hexadecimal digits");
    if (*high == 0 && *low == 0) return Bad(piece, "escapes a NUL, which no name here holds");
    decoded.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  if (!IsUtf8(decoded)) return Bad(piece, "is not UTF-8");
  return decoded;
}

/// Removes the text before `separator`, and the separator, from `text`. Returns what was before it.
std::string_view TakeUntil(char separator, std::string_view& text) {
  const std::size_t end = text.find(separator);
  const std::string_view piece = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return piece;
}

/// "http://host/path" -> "/path". Text that is no URL stays as it is.
std::string_view WithoutAuthority(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return target;
  const std::string_view name = target.substr(0, scheme);
  if (!SameToken(name, "http") && !SameToken(name, "https")) return target;
  const std::string_view rest = target.substr(scheme + 3);
  const std::size_t path = rest.find_first_of("/?");
  return path == std::string_view::npos ? std::string_view() : rest.substr(path);
}

absl::Status ReadPath(std::string_view path, Target& out) {
  out.path = std::string(path);
  path.remove_prefix(1);
  if (path.empty()) return absl::OkStatus();
  for (bool more = true; more;) {
    more = path.find('/') != std::string_view::npos;
    auto segment = Decode(TakeUntil('/', path), Plus::kIsPlus);
    if (!segment.ok()) return segment.status();
    out.segments.push_back(*std::move(segment));
  }
  return absl::OkStatus();
}

absl::Status ReadQuery(std::string_view query, Target& out) {
  while (!query.empty()) {
    std::string_view value = TakeUntil('&', query);
    if (value.empty()) continue;
    auto name = Decode(TakeUntil('=', value), Plus::kIsSpace);
    if (!name.ok()) return name.status();
    auto decoded = Decode(value, Plus::kIsSpace);
    if (!decoded.ok()) return decoded.status();
    out.query.emplace_back(*std::move(name), *std::move(decoded));
  }
  return absl::OkStatus();
}

}  // namespace

bool SameToken(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char one, char other) { return Lower(one) == Lower(other); });
}

std::string_view Request::Header(std::string_view name) const {
  const auto found = Find(headers, name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

bool Request::HasHeader(std::string_view name) const {
  return Find(headers, name) != headers.end();
}

absl::StatusOr<Target> ReadTarget(std::string_view target) {
  Target out;
  if (target == "*") {
    out.path = "*";
    return out;
  }
  if (target.find('#') != std::string_view::npos)
    return Bad(target, "has a fragment, which is the client's own");
  std::string_view query = WithoutAuthority(target);
  const bool bare = query.empty() || query.front() == '?';  // a URL without a path
  if (!bare && query.front() != '/') return Bad(target, "does not begin with a slash");
  const std::string_view path =
      bare && query.size() != target.size() ? "/" : query.substr(0, query.find('?'));
  if (path.empty()) return Bad(target, "does not begin with a slash");
  (void)TakeUntil('?', query);
  if (absl::Status read = ReadPath(path, out); !read.ok()) return read;
  if (absl::Status read = ReadQuery(query, out); !read.ok()) return read;
  return out;
}

}  // namespace muster::http
