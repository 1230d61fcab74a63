// Structured logging to standard error: an event in a few words, then fields. Thread-safe.
//
//     Log(LogLevel::kInfo, "serving", {{"grpc", address}, {"workers", absl::StrCat(count)}});
//
// Text:  2026-11-23T16:00:00.123456Z INFO  serving grpc=127.0.0.1:50051 workers=3
// JSON:
// {"time":"2026-11-23T16:00:00.123456Z","level":"info","message":"serving","grpc":"127.0.0.1:50051","workers":"3"}
//
// It never blocks: lines wait in a bounded queue, and one thread writes them. That thread starts with the
// first line; it takes no signals. Where standard error is slow, closed or full, lines are lost, and how many
// is told in the log as soon as it can be written again (log_writer.h). It never floods: each source may say
// only so much (log_limits.h), and a line has at most kMaxLogLine bytes.
//
// When the process ends by exit or by the return of main, what waits is written first, for at most
// kLogPatience. After a fork the child has a log of its own, which is empty.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "absl/types/span.h"

namespace muster {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

using LogField = std::pair<std::string_view, std::string>;

/// In bytes, with the end of the line: so much is written into a pipe in one piece.
inline constexpr std::size_t kMaxLogLine = 4096;
/// In bytes, as they stand in the line. What is longer is cut, and says how much was cut.
inline constexpr std::size_t kMaxLogValue = 2048;
/// How long the end of the process waits for the reader of the log.
inline constexpr absl::Duration kLogPatience = absl::Milliseconds(200);

/// How much one source may say: `burst` lines at once, and one more for each `interval`. A source is a
/// message of one level. If a field is called "client" (an address without its port), then each client may
/// say a quarter of that, and all clients together may say as much as the source.
struct LogLimit {
  int burst = 100;
  absl::Duration interval = absl::Milliseconds(50);
};

/// `message` is a literal: what differs between two events of a kind is in the fields.
void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {},
         LogLimit limit = {});

/// May be called again while other threads log. The default is text at info.
void ConfigureLog(LogFormat format, LogLevel least);

/// Waits until all lines that were logged before are written, but not longer than `patience`. True if they
/// are. For code that ends the process by _exit, and for tests.
bool FlushLog(absl::Duration patience);

/// The line of one event, without its end, whatever bytes a client put into a field. It is valid UTF-8 and
/// has no control characters: bytes that are not UTF-8 become U+FFFD, and characters that could end a line or
/// control a terminal are escaped. Shorter than kMaxLogLine. Pure.
std::string LogLine(LogFormat format, LogLevel level, absl::Time at, std::string_view message,
                    absl::Span<const LogField> fields);

}  // namespace muster
