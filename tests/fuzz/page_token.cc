// Page tokens: only what was sealed opens, and only for its own query.
#include "usecases/page_token.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/check.h"

namespace muster {
namespace {

constexpr std::string_view kKey = "a key of 32 bytes for the fuzzer";

/// Takes the text before the first '|' off the front.
std::string_view Take(std::string_view& text) {
  const std::string_view piece = text.substr(0, text.find('|'));
  text.remove_prefix(std::min(text.size(), piece.size() + 1));
  return piece;
}

TokenScope ScopeOf(std::string_view query, std::string_view filter) {
  TokenScope scope(query);
  scope.Add(filter);
  return scope;
}

void CheckSealed(std::string_view query, std::string_view filter, std::string_view position) {
  const TokenScope scope = ScopeOf(query, filter);
  const std::string token = SealPageToken(kKey, scope, position);
  if (token.size() > kMaxPageTokenBytes) return;
  MUSTER_CHECK(OpenPageToken(kKey, scope, token) == position, "a token gives its position back");
  MUSTER_CHECK(!OpenPageToken("another key", scope, token), "a token of another roll is refused");
  MUSTER_CHECK(!OpenPageToken(kKey, ScopeOf(query, std::string(filter) + "x"), token),
               "a token of another filter is refused");
  if (query != filter)
    MUSTER_CHECK(!OpenPageToken(kKey, ScopeOf(filter, query), token), "a token of another query is refused");
  for (std::size_t at = 0; at < token.size(); at += 1 + token.size() / 16) {
    std::string forged = token;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    MUSTER_CHECK(!OpenPageToken(kKey, scope, forged), "a token that was changed is refused");
  }
  for (const char* added : {"=", " ", "A", "\n"})
    MUSTER_CHECK(!OpenPageToken(kKey, scope, token + added), "a token has one spelling");
}

}  // namespace
}  // namespace muster

/// QUERY|FILTER|TOKEN: the last part is opened as a token, and sealed as a position.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view query = Take(rest);
  const std::string_view filter = Take(rest);
  const TokenScope scope = ScopeOf(query, filter);
  if (const std::optional<std::string> position = OpenPageToken(kKey, scope, rest)) {
    MUSTER_CHECK(SealPageToken(kKey, scope, *position) == rest, "what opens was sealed");
  }
  CheckSealed(query, filter, rest);
  if (const std::optional<std::int64_t> number = NumberAt(rest))
    MUSTER_CHECK(PositionOf(*number) == rest, "a number has one position");
  return 0;
}
