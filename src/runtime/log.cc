#include "runtime/log.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "muster/check.h"
#include "runtime/log_writer.h"
#include "runtime/real_clock.h"

namespace muster {
namespace {

constinit std::atomic<LogFormat> log_format = LogFormat::kText;
constinit std::atomic<LogLevel> least_level = LogLevel::kInfo;

// None before the first line. Never destroyed: threads may log until the process ends.
constinit std::atomic<LogWriter*> the_writer = nullptr;

LogWriter* NewWriter() {
  static const RealClock* const clock = new RealClock;
  return new LogWriter(STDERR_FILENO, log_format, *clock);
}

// The thread that writes did not come along, and another thread may have held the lock. What waits is the
// parent's: it will write it.
void AfterForkInChild() {
  static constinit std::atomic<LogWriter*> of_the_parent = nullptr;  // pointed to, so that it is no leak
  of_the_parent.store(the_writer.exchange(NewWriter()));
}

bool PrintFailedCheck(std::string_view line) noexcept {
  LogWriter& writer = *the_writer.load(std::memory_order_acquire);
  if (!writer.started()) return false;
  writer.SayLine(LogLevel::kError, std::string(line));
  (void)writer.Flush(kLogPatience);
  return true;
}

LogWriter& TheWriter() {
  [[maybe_unused]] static const bool once = [] {
    the_writer.store(NewWriter(), std::memory_order_release);
    ::pthread_atfork(nullptr, nullptr, AfterForkInChild);
    (void)std::atexit([] { (void)FlushLog(kLogPatience); });
    internal::print_failed_check.store(PrintFailedCheck, std::memory_order_release);
    return true;
  }();
  return *the_writer.load(std::memory_order_acquire);
}

}  // namespace

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields, LogLimit limit) {
  if (level < least_level.load(std::memory_order_relaxed)) return;
  TheWriter().Say(level, message, absl::MakeConstSpan(fields.begin(), fields.size()), limit);
}

void ConfigureLog(LogFormat format, LogLevel least) {
  log_format.store(format, std::memory_order_relaxed);
  least_level.store(least, std::memory_order_relaxed);
}

bool FlushLog(absl::Duration patience) {
  LogWriter* const writer = the_writer.load(std::memory_order_acquire);
  return writer == nullptr || writer->Flush(patience);
}

}  // namespace muster
