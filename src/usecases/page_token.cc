#include "usecases/page_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "domain/text.h"

namespace muster {
namespace {

// A token is base64url(version, signature, position), without padding.
constexpr char kVersion = 1;
constexpr std::size_t kSignatureBytes = 16;
constexpr std::size_t kHeadBytes = 1 + kSignatureBytes;

std::string BigEndian(std::uint64_t number) {
  std::string bytes(8, '\0');
  for (std::size_t i = 8; i-- > 0; number >>= 8) bytes[i] = static_cast<char>(number & 0xFF);
  return bytes;
}

absl::string_view ToAbsl(std::string_view text) {
  return {text.data(), text.size()};
}

std::string Sign(std::string_view key, const TokenScope& scope, std::string_view position) {
  const std::string message = Concat({std::string_view(&kVersion, 1), scope.bytes(), position});
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(), &size);
  return std::string(reinterpret_cast<const char*>(digest.data()), kSignatureBytes);
}

}  // namespace

void TokenScope::Add(std::string_view part) {
  bytes_ += BigEndian(part.size());
  bytes_ += part;
}

void TokenScope::Add(std::int64_t number) {
  Add(BigEndian(static_cast<std::uint64_t>(number)));
}

std::string SealPageToken(std::string_view key, const TokenScope& scope, std::string_view position) {
  return absl::WebSafeBase64Escape(
      Concat({std::string_view(&kVersion, 1), Sign(key, scope, position), position}));
}

std::optional<std::string> OpenPageToken(std::string_view key, const TokenScope& scope,
                                         std::string_view token) {
  std::string bytes;
  if (token.size() > kMaxPageTokenBytes || !absl::WebSafeBase64Unescape(ToAbsl(token), &bytes))
    return std::nullopt;
  // Each token has one spelling: the decoder would ignore blanks and padding.
  if (absl::WebSafeBase64Escape(bytes) != token) return std::nullopt;
  if (bytes.size() < kHeadBytes || bytes[0] != kVersion) return std::nullopt;
  const std::string_view signature = std::string_view(bytes).substr(1, kSignatureBytes);
  const std::string_view position = std::string_view(bytes).substr(kHeadBytes);
  // In constant time, so that a signature cannot be guessed byte by byte.
  const std::string expected = Sign(key, scope, position);
  if (CRYPTO_memcmp(signature.data(), expected.data(), kSignatureBytes) != 0) return std::nullopt;
  return std::string(position);
}

std::string PositionOf(std::int64_t number) {
  return BigEndian(static_cast<std::uint64_t>(number));
}

std::optional<std::int64_t> NumberAt(std::string_view position) {
  if (position.size() != 8) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : position) number = number << 8 | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(number);
}

}  // namespace muster
