// The line of one event: escaped, and cut where it is too long.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/log.h"

namespace muster {
namespace {

// What values may not use: it is for the marks of what was cut, and for the end of the line.
constexpr std::size_t kReserve = 512;

struct Character {
  std::size_t bytes;    // how many it takes; 1 where it is not UTF-8
  std::uint32_t point;  // kNotUtf8 where it is not
};
constexpr std::uint32_t kNotUtf8 = 0xFFFFFFFF;

// Precondition: not empty.
Character FirstCharacter(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {1, byte(0)};
  const std::size_t bytes = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < bytes) return {1, kNotUtf8};
  std::uint32_t point = byte(0) & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {1, kNotUtf8};
    point = (point << 6) | (byte(i) & 0x3Fu);
  }
  const bool overlong = (bytes == 3 && point < 0x800) || (bytes == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (overlong || surrogate || point > 0x10FFFF) return {1, kNotUtf8};
  return {bytes, point};
}

// Controls, and characters that a reader takes for the end of a line or for a change of its direction.
bool MustBeEscaped(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0x2028 || point == 0x2029 ||
         (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

// How much of the next value fits into the line.
std::size_t RoomIn(const std::string& line) {
  const std::size_t left = kMaxLogLine - kReserve - std::min(kMaxLogLine - kReserve, line.size());
  return std::min(left, kMaxLogValue);
}

void AppendEscaped(std::string_view text, std::string& out) {
  const std::size_t end = out.size() + RoomIn(out);
  while (!text.empty()) {
    const Character c = FirstCharacter(text);
    const std::size_t before = out.size();
    if (c.point == kNotUtf8) {
      out += "\xEF\xBF\xBD";
    } else if (c.point == '"' || c.point == '\\') {
      out += '\\';
      out += text[0];
    } else if (c.point == '\n') {
      out += "\\n";
    } else if (c.point == '\r') {
      out += "\\r";
    } else if (c.point == '\t') {
      out += "\\t";
    } else if (MustBeEscaped(c.point)) {
      absl::StrAppendFormat(&out, "\\u%04x", c.point);
    } else {
      out += text.substr(0, c.bytes);
    }
    if (out.size() > end) {
      out.resize(before);
      absl::StrAppend(&out, "...[", text.size(), " bytes cut]");
      return;
    }
    text.remove_prefix(c.bytes);
  }
}

void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  AppendEscaped(text, out);
  out += '"';
}

// A plain value is easier to read, if it cannot be mistaken for anything else.
bool IsPlain(std::string_view text, std::size_t room) {
  if (text.size() > room) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '=') return false;
  }
  return !text.empty();
}

// Only a line with very many fields is ever so full.
bool HasRoomFor(std::string_view name, const std::string& line) {
  constexpr std::size_t kMark = 64;
  return line.size() + name.size() + kMark < kMaxLogLine;
}

constexpr std::string_view kTextLevels[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};
constexpr std::string_view kJsonLevels[] = {"debug", "info", "warn", "error"};

}  // namespace

std::string LogLine(LogFormat format, LogLevel level, absl::Time at, std::string_view message,
                    absl::Span<const LogField> fields) {
  const std::string time = absl::FormatTime("%E4Y-%m-%d%ET%H:%M:%E6SZ", at, absl::UTCTimeZone());
  std::string line;
  if (format == LogFormat::kJson) {
    line = "{\"time\":\"" + time + "\",\"level\":\"";
    line += kJsonLevels[static_cast<int>(level)];
    line += "\",\"message\":";
    AppendQuoted(message, line);
    for (const LogField& field : fields) {
      if (!HasRoomFor(field.first, line)) break;
      line += ',';
      AppendQuoted(field.first, line);
      line += ':';
      AppendQuoted(field.second, line);
    }
    line += '}';
    return line;
  }
  line = time + ' ';
  line += kTextLevels[static_cast<int>(level)];
  line += ' ';
  AppendEscaped(message, line);
  for (const LogField& field : fields) {
    if (!HasRoomFor(field.first, line)) break;
    line += ' ';
    line += field.first;
    line += '=';
    if (IsPlain(field.second, RoomIn(line))) {
      line += field.second;
    } else {
      AppendQuoted(field.second, line);
    }
  }
  return line;
}

}  // namespace muster
