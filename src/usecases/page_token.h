// Page tokens: opaque to callers, useless outside the query that they came from. Private to the use cases.
//
// A token is the place where the next page starts, signed with a secret of the roll together with the query
// and its filter. It is not secret: it contains nothing that the page before did not show. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster {

/// Longer tokens are refused unread. The longest token that is given out has 196 bytes.
inline constexpr std::size_t kMaxPageTokenBytes = 400;

/// A query and its filter, in a form that is equal exactly if they ask the same.
class TokenScope {
 public:
  explicit TokenScope(std::string_view query) { Add(query); }
  void Add(std::string_view part);
  void Add(std::int64_t number);
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;  // each part with its length before it
};

std::string SealPageToken(std::string_view key, const TokenScope& scope, std::string_view position);

/// The position; nothing if the token is forged, damaged or of another scope.
std::optional<std::string> OpenPageToken(std::string_view key, const TokenScope& scope,
                                         std::string_view token);

/// Positions that are numbers.
std::string PositionOf(std::int64_t number);
std::optional<std::int64_t> NumberAt(std::string_view position);

}  // namespace muster
