// The queue of the log, and the one thread that writes it. Only that thread ever blocks on the descriptor:
// a thread that logs takes a lock for the push of a line.
//
// What is lost is counted by level and told in the log: lines that found the queue full, when there is room
// again; lines that could not be written (a closed pipe, a full disk), when a write works again; lines that
// their source's limit left out, every ten seconds. The same counts are in log_lines_lost
// (health_metrics.h).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "muster/clock.h"
#include "runtime/log.h"
#include "runtime/log_limits.h"
#include "runtime/mutex.h"

namespace muster {

/// Thread-safe.
class LogWriter {
 public:
  /// So much waits at most; as much again may be under way. Lines below a warning get three quarters of it.
  static constexpr std::size_t kMaxLines = 2'048;
  static constexpr std::size_t kMaxBytes = std::size_t{512} << 10;
  static constexpr absl::Duration kTellEvery = absl::Seconds(10);

  /// Starts no thread yet. `descriptor` may be anything that can be written; it stays the caller's, and it
  /// stays blocking: other processes may share it. `format` and `clock` must outlive it.
  LogWriter(int descriptor, const std::atomic<LogFormat>& format, const Clock& clock);
  /// Waits for the thread, which ends when it has written what waits.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// See Log.
  void Say(LogLevel level, std::string_view message, absl::Span<const LogField> fields, LogLimit limit);
  /// A line that is made already, without its end. No limit holds it back.
  void SayLine(LogLevel level, std::string line);
  /// See FlushLog. Takes no memory.
  bool Flush(absl::Duration patience);
  /// Whether a thread writes already.
  bool started() const { return started_.load(std::memory_order_acquire); }

 private:
  struct Line {
    LogLevel level;
    std::string text;
  };
  using Losses = std::array<std::int64_t, 4>;  // by level
  // What the thread takes at once.
  struct Load {
    std::deque<Line> lines;
    Losses lost = {};
    std::vector<LogLimits::LeftOut> left_out;
    std::uint64_t flush = 0;  // the last one that was asked for
    bool stop = false;
  };

  void Push(LogLevel level, std::string line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void StartThread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool HasWork(absl::Duration now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Load Take();
  void Run();
  void WriteOut(const Load& load);
  void TellLosses(std::string because, Losses& losses);
  bool Write(std::string_view bytes);

  const int descriptor_;
  const std::atomic<LogFormat>& format_;
  const Clock& clock_;
  std::atomic<bool> started_ = false;
  std::atomic<std::uint64_t> flushed_ = 0;

  Mutex mu_;
  CondVar work_;
  LogLimits limits_ ABSL_GUARDED_BY(mu_);
  absl::Duration tell_at_ ABSL_GUARDED_BY(mu_);  // what was left out
  std::deque<Line> queue_ ABSL_GUARDED_BY(mu_);
  std::size_t bytes_ ABSL_GUARDED_BY(mu_) = 0;  // in the queue
  Losses lost_ ABSL_GUARDED_BY(mu_) = {};       // since the thread took the last ones
  std::uint64_t flush_ ABSL_GUARDED_BY(mu_) = 0;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // set under mu_

  // Of the thread that writes.
  Losses found_full_ = {};
  Losses not_written_ = {};
  int error_ = 0;      // of the last write that failed
  bool torn_ = false;  // a line was begun, and could not be ended
};

}  // namespace muster
