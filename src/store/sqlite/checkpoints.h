// Keeps the write-ahead log short: moves it into the database, mostly beside the writer.
//
// To move a log means to write its pages again and to wait for the disk, for tens of milliseconds. The writer
// has no time for that. But a log that grows meanwhile is never moved to its end, and only a log that is
// moved to its end begins anew. So a task on the background executor moves what it finds, which is nearly
// all, and syncs it to the disk. Then the writer moves the few pages that came since.
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
  /// Cancels a lap that has not begun, and waits for one that has.
  ~Checkpoints();

  /// Whether Step has anything to do now.
  bool IsDue() const;
  /// Begins a lap in the background, or does the part of the writer. A failure loses nothing: the log stays
  /// as it is.
  absl::Status Step();
  /// Whether the last lap found that the log grows as fast as it is moved. Then work that can wait should not
  /// write to the log.
  bool CatchesUp() const { return catches_up_; }
  /// Moves all of it at once. Waits for a lap that runs, and for the disk.
  absl::Status Finish();

 private:
  class Lap;

  Checkpoints(Database& writer, std::shared_ptr<Lap> lap, Executor& background);
  void BeginLap();
  absl::Status MoveTheRest();
  /// Pages that came into the log since the last attempt to move it.
  std::int64_t NewPages() const;

  Database& writer_;
  Executor& background_;
  std::int64_t tried_ = 0;     // the pages of the log at that attempt
  std::int64_t restarts_ = 0;  // how often it had begun anew by then
  bool catches_up_ = false;
  const std::shared_ptr<Lap> lap_;  // shared with its task, which may outlive this
};

}  // namespace muster::sqlite
