#include "runtime/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

#include "absl/types/span.h"
#include "runtime/log_line.h"
#include "runtime/real_clock.h"

namespace muster {
namespace {

// spdlog brings the level check and whole lines on the way out; the line itself is ours.
struct Sink {
  Sink() : logger("muster", std::make_shared<spdlog::sinks::stderr_sink_mt>()) { logger.set_pattern("%v"); }
  spdlog::logger logger;
  std::atomic<LogFormat> format = LogFormat::kText;
};

Sink& TheSink() {
  static Sink* const sink = new Sink;  // never destroyed: threads may log until the very end
  return *sink;
}

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  Sink& sink = TheSink();
  if (!sink.logger.should_log(SpdlogLevel(level))) return;
  const std::string line = LogLine(sink.format.load(std::memory_order_relaxed), level, RealClock().WallNow(),
                                   message, absl::MakeConstSpan(fields.begin(), fields.size()));
  sink.logger.log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
}

void ConfigureLog(LogFormat format, LogLevel least) {
  Sink& sink = TheSink();
  sink.format.store(format, std::memory_order_relaxed);
  sink.logger.set_level(SpdlogLevel(least));
}

}  // namespace muster
