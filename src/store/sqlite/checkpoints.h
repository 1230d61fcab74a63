// Keeps the write-ahead log short: moves it into the database, mostly on a thread of its own.
//
// To move a log means to write its pages again and to wait for the disk, tens of milliseconds; the writer
// has better to do. But a log that grows meanwhile is never moved to its end, and only then it begins anew.
// So the thread moves what it finds, which is nearly all, has the disk keep it, and the writer moves the few
// pages that came since.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/mutex.h"
#include "store/sqlite/database.h"

namespace muster::sqlite {

/// The writer's thread only. The writer's connection must outlive it.
class Checkpoints {
 public:
  /// Opens a connection of its own to the database at `path`, which exists.
  static absl::StatusOr<std::unique_ptr<Checkpoints>> Start(Database& writer, const std::string& path);
  /// Waits for the thread.
  ~Checkpoints();

  /// Whether Step has anything to do now.
  bool IsDue() const;
  /// Sets the thread going, or does the writer's part. A failure loses nothing: the log stays as it is.
  absl::Status Step();
  /// Whether the thread found a log that grows as fast as it moves it: who can wait should not add to it.
  bool CatchesUp() const { return catches_up_; }
  /// All of it at once, waiting for the thread and for the disk.
  absl::Status Finish();

 private:
  using Lap = absl::StatusOr<Database::Moved>;

  Checkpoints(Database& writer, Database own);
  void Work();
  Lap RunLap();
  void BeginLap();
  absl::Status MoveTheRest();
  /// Pages that came into the log since it was last moved as far as could be.
  std::int64_t NewPages() const;

  Database& writer_;
  std::int64_t tried_ = 0;     // the pages that it had then,
  std::int64_t restarts_ = 0;  // and how often it had begun anew
  bool catches_up_ = false;

  mutable Mutex mu_;
  CondVar changed_;
  bool lap_wanted_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<Lap> lap_ ABSL_GUARDED_BY(mu_);  // that is over
  Database own_;                                 // the thread's
  std::thread thread_;
};

}  // namespace muster::sqlite
