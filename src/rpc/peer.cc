#include "rpc/peer.h"

#include <optional>

#include "absl/strings/ascii.h"

namespace muster::rpc {
namespace {

std::optional<int> HexDigit(char c) {
  if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return std::nullopt;
  return absl::ascii_isdigit(static_cast<unsigned char>(c))
             ? c - '0'
             : absl::ascii_tolower(static_cast<unsigned char>(c)) - 'a' + 10;
}

/// "%5B" -> "[". A percent sign that begins no escape stays as it is.
std::string DecodeUrl(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const std::optional<int> high = HexDigit(text[i + 1]);
      const std::optional<int> low = HexDigit(text[i + 2]);
      if (high && low) {
        decoded.push_back(static_cast<char>(*high * 16 + *low));
        i += 2;
        continue;
      }
    }
    decoded.push_back(text[i]);
  }
  return decoded;
}

}  // namespace

std::string AddressOfPeer(std::string_view peer) {
  constexpr std::string_view kScheme = "ipv4:";
  if (peer.starts_with(kScheme) || peer.starts_with("ipv6:")) peer.remove_prefix(kScheme.size());
  return DecodeUrl(peer);
}

}  // namespace muster::rpc
