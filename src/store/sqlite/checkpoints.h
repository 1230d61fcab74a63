// Keeps the write-ahead log short: moves it into the database, mostly beside the writer.
//
// To move a log means to write its pages again and to wait for the disk, tens of milliseconds; the writer has
// better to do. But a log that grows meanwhile is never moved to its end, and only then it begins anew. So a
// task on the background executor moves what it finds, which is nearly all, has the disk keep it, and the
// writer moves the few pages that came since.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/executor.h"
#include "store/sqlite/database.h"

namespace muster::sqlite {

/// The writer's thread only. The writer's connection and the executor must outlive it.
class Checkpoints {
 public:
  /// Opens a connection of its own to the database, which exists.
  static absl::StatusOr<std::unique_ptr<Checkpoints>> Start(Database& writer, const Location& location,
                                                            Executor& background);
  /// Takes back a lap that has not begun, waits for one that has.
  ~Checkpoints();

  /// Whether Step has anything to do now.
  bool IsDue() const;
  /// Begins a lap in the background, or does the writer's part. A failure loses nothing: the log stays as it
  /// is.
  absl::Status Step();
  /// Whether the last lap found a log that grows as fast as it is moved: deferrable work should not write to
  /// it.
  bool CatchesUp() const { return catches_up_; }
  /// All of it at once, waiting for a lap that runs and for the disk.
  absl::Status Finish();

 private:
  class Lap;

  Checkpoints(Database& writer, Database own, Executor& background);
  void BeginLap();
  absl::Status MoveTheRest();
  /// Pages that came into the log since it was last moved as far as could be.
  std::int64_t NewPages() const;

  Database& writer_;
  Executor& background_;
  std::int64_t tried_ = 0;     // the pages that it had then,
  std::int64_t restarts_ = 0;  // and how often it had begun anew
  bool catches_up_ = false;
  const std::shared_ptr<Lap> lap_;  // shared with its task, which may run after all of this is gone
};

}  // namespace muster::sqlite
