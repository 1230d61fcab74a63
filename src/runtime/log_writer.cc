#include "runtime/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/health_metrics.h"

namespace muster {
namespace {

std::string_view ClientIn(absl::Span<const LogField> fields) {
  const auto* const client =
      std::find_if(fields.begin(), fields.end(), [](const LogField& each) { return each.first == "client"; });
  return client == fields.end() ? std::string_view() : client->second;
}

}  // namespace

LogWriter::LogWriter(int descriptor, const std::atomic<LogFormat>& format, const Clock& clock)
    : descriptor_(descriptor), format_(format), clock_(clock) {}

LogWriter::~LogWriter() {
  {
    const MutexLock lock(mu_);
    stop_ = true;
    work_.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

void LogWriter::Say(LogLevel level, std::string_view message, absl::Span<const LogField> fields,
                    LogLimit limit) {
  {
    const MutexLock lock(mu_);
    const absl::Duration now = clock_.MonotonicNow();
    const bool waits_already = limits_.any_left_out();
    if (!limits_.Admit(level, message, ClientIn(fields), limit, now)) {
      log_lines_lost.Add(1, LogLoss::kSource, level);
      if (!waits_already) {
        tell_at_ = now + kTellEvery;
        work_.Signal();
      }
      return;
    }
  }
  SayLine(level, LogLine(format_.load(std::memory_order_relaxed), level, clock_.WallNow(), message, fields));
}

void LogWriter::SayLine(LogLevel level, std::string line) {
  line += '\n';
  const MutexLock lock(mu_);
  Push(level, std::move(line));
  StartThread();
}

void LogWriter::Push(LogLevel level, std::string line) {
  const bool important = level >= LogLevel::kWarning;
  const std::size_t lines = important ? kMaxLines : kMaxLines / 4 * 3;
  const std::size_t bytes = important ? kMaxBytes : kMaxBytes / 4 * 3;
  if (queue_.size() + 1 > lines || bytes_ + line.size() > bytes) {
    ++lost_[static_cast<std::size_t>(level)];
    log_lines_lost.Add(1, LogLoss::kQueueFull, level);
    return;
  }
  bytes_ += line.size();
  queue_.push_back({level, std::move(line)});
  work_.Signal();
}

// The thread takes no signals. They are for the threads of the program; and a write into a closed pipe must
// not end it.
void LogWriter::StartThread() {
  if (started()) return;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { Run(); });
    started_.store(true, std::memory_order_release);
  } catch (const std::system_error&) {
    // No thread can be had now. The lines wait, as many as fit; the next one tries again.
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// It looks every millisecond: so it needs no memory, and no clock that a person may set can make it longer.
bool LogWriter::Flush(absl::Duration patience) {
  std::uint64_t mine = 0;
  {
    const MutexLock lock(mu_);
    if (!started()) return queue_.empty();
    mine = ++flush_;
    work_.Signal();
  }
  const absl::Duration end = clock_.MonotonicNow() + patience;
  while (flushed_.load(std::memory_order_acquire) < mine) {
    if (clock_.MonotonicNow() >= end) return false;
    constexpr timespec kMillisecond = {0, 1'000'000};
    (void)::nanosleep(&kMillisecond, nullptr);
  }
  return true;
}

bool LogWriter::HasWork(absl::Duration now) const {
  return !queue_.empty() || stop_ || flush_ > flushed_.load(std::memory_order_relaxed) ||
         (limits_.any_left_out() && now >= tell_at_);
}

LogWriter::Load LogWriter::Take() {
  const MutexLock lock(mu_);
  absl::Duration now = clock_.MonotonicNow();
  while (!HasWork(now)) {
    work_.WaitWithTimeout(mu_, limits_.any_left_out() ? tell_at_ - now : absl::InfiniteDuration());
    now = clock_.MonotonicNow();
  }
  Load load;
  load.lines.swap(queue_);
  bytes_ = 0;
  load.lost = std::exchange(lost_, {});
  load.flush = flush_;
  load.stop = stop_;
  const bool last = load.stop || load.flush > flushed_.load(std::memory_order_relaxed);
  if (last || now >= tell_at_) load.left_out = limits_.TakeLeftOut();
  return load;
}

void LogWriter::Run() {
  for (;;) {
    const Load load = Take();
    WriteOut(load);
    flushed_.store(load.flush, std::memory_order_release);
    if (load.stop) return;
  }
}

void LogWriter::WriteOut(const Load& load) {
  bool works = true;
  for (const Line& line : load.lines) {
    works = Write(line.text);
    if (works) continue;
    ++not_written_[static_cast<std::size_t>(line.level)];
    log_lines_lost.Add(1, LogLoss::kWriteFailed, line.level);
  }
  for (std::size_t i = 0; i < found_full_.size(); ++i) found_full_[i] += load.lost[i];
  TellLosses("whoever reads the log is too slow", found_full_);
  if (works) TellLosses(absl::StrCat("it could not be written: ", std::strerror(error_)), not_written_);
  for (const LogLimits::LeftOut& each : load.left_out) {
    const std::string line = LogLine(format_.load(std::memory_order_relaxed), each.level, clock_.WallNow(),
                                     "lines like this were left out: there were too many of them",
                                     {{"message", each.message}, {"lines", absl::StrCat(each.lines)}});
    Write(line + '\n');
  }
}

void LogWriter::TellLosses(std::string because, Losses& losses) {
  std::int64_t sum = 0;
  for (const std::int64_t each : losses) sum += each;
  if (sum == 0) return;
  const std::string line = LogLine(format_.load(std::memory_order_relaxed), LogLevel::kWarning,
                                   clock_.WallNow(), "lines of the log were dropped",
                                   {{"because", std::move(because)},
                                    {"lines", absl::StrCat(sum)},
                                    {"debug", absl::StrCat(losses[0])},
                                    {"info", absl::StrCat(losses[1])},
                                    {"warn", absl::StrCat(losses[2])},
                                    {"error", absl::StrCat(losses[3])}});
  if (Write(line + '\n')) losses = {};
}

bool LogWriter::Write(std::string_view bytes) {
  if (torn_ && bytes != "\n" && !Write("\n")) return false;
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
      torn_ = !bytes.empty();
    } else if (written < 0 && errno == EAGAIN) {  // another process made it non-blocking
      pollfd room = {descriptor_, POLLOUT, 0};
      (void)::poll(&room, 1, -1);
    } else if (written == 0 || errno != EINTR) {
      error_ = written == 0 ? EIO : errno;
      return false;
    }
  }
  return true;
}

}  // namespace muster
