// Structured logging to standard error: an event in a few words, then fields. Thread-safe.
//
//     Log(LogLevel::kInfo, "serving", {{"grpc", address}, {"workers", absl::StrCat(count)}});
//
// Text:  2026-11-23T16:00:00.123456Z INFO  serving grpc=127.0.0.1:50051 workers=3
// JSON:
// {"time":"2026-11-23T16:00:00.123456Z","level":"info","message":"serving","grpc":"127.0.0.1:50051","workers":"3"}
#pragma once

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

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

/// May be called again while other threads log. The default is text at info.
void ConfigureLog(LogFormat format, LogLevel least);

/// The line of one event, without its end, whatever bytes a client put into a field. It is valid UTF-8 and
/// has no control characters: bytes that are not UTF-8 become U+FFFD, and characters that could end a line or
/// control a terminal are escaped. Pure.
std::string LogLine(LogFormat format, LogLevel level, absl::Time at, std::string_view message,
                    absl::Span<const LogField> fields);

}  // namespace muster
