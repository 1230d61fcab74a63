#include "workerctl/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cwchar>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster::ctl {
namespace {

constexpr std::size_t kDefaultColumns = 80;
constexpr std::string_view kEllipsis = "…";

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool valid = true;
};

// Decodes the first code point; overlong forms, surrogates and cut sequences are not valid.
CodePoint Decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead};
  const std::size_t bytes = lead >= 0xF0 && lead < 0xF5   ? 4
                            : lead >= 0xE0 && lead < 0xF0 ? 3
                            : lead >= 0xC2 && lead < 0xE0 ? 2
                                                          : 0;
  const CodePoint broken{lead, 1, false};
  if (bytes == 0 || text.size() < bytes) return broken;
  char32_t value = lead & (0xFFu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0u) != 0x80u) return broken;
    value = (value << 6) | (next & 0x3Fu);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[bytes] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return broken;
  return {value, bytes, true};
}

// Characters that steer a terminal, break lines, or show text in another order than it has.
bool IsSteering(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

template <typename OnCodePoint>
void ForEachCodePoint(std::string_view text, OnCodePoint on) {
  while (!text.empty()) {
    const CodePoint point = Decode(text);
    on(point, text.substr(0, point.bytes));
    text.remove_prefix(point.bytes);
  }
}

std::size_t Columns(const CodePoint& point) {
  const int width = ::wcwidth(static_cast<wchar_t>(point.value));
  return width < 0 ? 1 : static_cast<std::size_t>(width);  // the locale does not know it: most take one
}

std::string_view ColourCode(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kGood:
      return "\033[32m";
    case Tone::kWaiting:
      return "\033[33m";
    case Tone::kBad:
      return "\033[31m";
    case Tone::kFinal:
      return "\033[1;31m";
    case Tone::kDim:
      return "\033[2m";
    case Tone::kStrong:
      return "\033[1m";
  }
  return "";
}

}  // namespace

Terminal DetectTerminal(int fd, bool no_colour) {
  Terminal terminal;
  terminal.is_tty = ::isatty(fd) == 1;
  if (!terminal.is_tty) return terminal;
  const char* plain = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  terminal.colour =
      !no_colour && (plain == nullptr || *plain == '\0') && std::string_view(term ? term : "") != "dumb";
  winsize size{};
  int columns = 0;
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.width = size.ws_col;
  } else if (const char* set = std::getenv("COLUMNS");
             set && absl::SimpleAtoi(set, &columns) && columns > 0) {
    terminal.width = static_cast<std::size_t>(columns);
  } else {
    terminal.width = kDefaultColumns;
  }
  return terminal;
}

std::string Paint(std::string_view text, Tone tone, const Terminal& terminal) {
  if (!terminal.colour || tone == Tone::kPlain) return std::string(text);
  return std::string(ColourCode(tone)).append(text).append("\033[0m");
}

std::string Printable(std::string_view text) {
  std::string shown;
  ForEachCodePoint(text, [&shown](const CodePoint& point, std::string_view bytes) {
    if (point.valid && !IsSteering(point.value)) {
      shown.append(bytes);
    } else if (point.value == U'\n') {
      shown.append("\\n");
    } else if (point.value == U'\t') {
      shown.append("\\t");
    } else if (point.value <= 0xFF) {
      absl::StrAppendFormat(&shown, "\\x%02x", static_cast<unsigned>(point.value));
    } else {
      absl::StrAppendFormat(&shown, "\\u{%04x}", static_cast<unsigned>(point.value));
    }
  });
  return shown;
}

std::string PrintableDocument(std::string_view document) {
  std::string shown;
  ForEachCodePoint(document, [&shown](const CodePoint& point, std::string_view bytes) {
    if (point.valid && (!IsSteering(point.value) || point.value == U'\n')) {
      shown.append(bytes);
    } else {
      absl::StrAppendFormat(&shown, "\\u%04x", static_cast<unsigned>(point.value));
    }
  });
  return shown;
}

bool IsUtf8(std::string_view text) {
  bool all = true;
  ForEachCodePoint(text, [&all](const CodePoint& point, std::string_view) { all = all && point.valid; });
  return all;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t columns = 0;
  ForEachCodePoint(text, [&columns](const CodePoint& point, std::string_view) { columns += Columns(point); });
  return columns;
}

std::string Shorten(std::string_view text, std::size_t columns) {
  if (DisplayWidth(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::string kept;
  std::size_t used = 0;
  bool full = false;
  ForEachCodePoint(text, [&](const CodePoint& point, std::string_view bytes) {
    full = full || used + Columns(point) > columns - 1;  // one column is the ellipsis's
    if (full) return;
    used += Columns(point);
    kept.append(bytes);
  });
  return kept.append(kEllipsis);
}

}  // namespace muster::ctl
