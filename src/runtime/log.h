// Structured logging: an event in a few words, then fields. Thread-safe. To standard error.
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

namespace muster {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

using LogField = std::pair<std::string_view, std::string>;

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

/// May be called again while others log. The default is text at info.
void ConfigureLog(LogFormat format, LogLevel least);

}  // namespace muster
