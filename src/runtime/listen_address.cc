#include "runtime/listen_address.h"

#include <charconv>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace muster {
namespace {

constexpr int kMaxPort = 65'535;
constexpr std::size_t kShownBytes = 64;  // the error shows so much of a bad address

absl::Status Bad(std::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat(absl::Utf8SafeCHexEscape(std::string(text.substr(0, kShownBytes))),
                   " is no address to listen on: write HOST:PORT, [IPV6]:PORT or unix:PATH, as "
                   "127.0.0.1:50051"));
}

std::optional<int> ParsePort(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && port >= 0 && port <= kMaxPort ? std::optional(port) : std::nullopt;
}

}  // namespace

absl::StatusOr<ListenAddress> ListenAddress::Parse(std::string_view text) {
  ListenAddress address;
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix) && text.size() > kUnix.size()) {
    address.unix_path = std::string(text.substr(kUnix.size()));
    return address;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Bad(text);
  const std::optional<int> port = ParsePort(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool plain = host.find_first_of("[]/ ") == std::string_view::npos;
  const bool v6 = host.find(':') != std::string_view::npos;
  if (!port || host.empty() || !plain || v6 != bracketed) return Bad(text);
  address.host = std::string(host);
  address.port = *port;
  return address;
}

std::string ListenAddress::ToString() const {
  if (!unix_path.empty()) return absl::StrCat("unix:", unix_path);
  if (host.find(':') != std::string::npos) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

bool ListenAddress::Loopback() const {
  return !unix_path.empty() || host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace muster
