#include "domain/text.h"

#include <cstddef>

#include "absl/strings/escaping.h"

namespace muster {
namespace {

constexpr std::size_t kShownBytes = 64;

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// The length of the well-formed sequence at the start of `bytes`, or 0. Table 3-7 of the Unicode standard:
// only the second byte has ranges of its own.
std::size_t SequenceLength(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (bytes.size() < length) return 0;
  const auto second = static_cast<unsigned char>(bytes[1]);
  const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (second < low || second > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!IsContinuation(bytes[i])) return 0;
  }
  return length;
}

}  // namespace

bool IsUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = SequenceLength(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

bool IsText(std::string_view bytes, Layout layout) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) continue;
    if (layout == Layout::kTabsAndNewlines && (c == '\t' || c == '\n')) continue;
    return false;
  }
  return IsUtf8(bytes);
}

std::string Excerpt(std::string_view bytes) {
  const bool cut = bytes.size() > kShownBytes;
  std::string_view head = bytes.substr(0, kShownBytes);
  if (!IsText(bytes)) return Concat({absl::CHexEscape(std::string(head)), cut ? "…" : ""});
  if (!cut) return std::string(head);
  // Cut between characters: the byte that follows must start one.
  while (!head.empty() && IsContinuation(bytes[head.size()])) head.remove_suffix(1);
  return Concat({head, "…"});
}

std::string Concat(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string whole;
  whole.reserve(size);
  for (const std::string_view part : parts) whole.append(part);
  return whole;
}

std::string RoundedUp(absl::Duration duration) {
  return absl::FormatDuration(
      absl::Ceil(duration, duration < absl::Seconds(10) ? absl::Milliseconds(100) : absl::Seconds(1)));
}

}  // namespace muster
