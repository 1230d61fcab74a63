// How a log line is written: one line for one event, whatever bytes a client put into a field.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "runtime/log.h"

namespace muster {

/// Without the line's end. The result is valid UTF-8 and holds no control characters: bytes that are not
/// UTF-8 become U+FFFD, and what could end a line or steer a terminal is escaped. Pure.
std::string LogLine(LogFormat format, LogLevel level, absl::Time at, std::string_view message,
                    absl::Span<const LogField> fields);

}  // namespace muster
