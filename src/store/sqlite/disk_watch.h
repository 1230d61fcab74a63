// Whether the files of an open database may still be written, and if not, why.
//
// Two things end all writing until the database is opened anew. A sync that failed: what it should have
// brought to the disk reads well from the cache, may be lost, and no later sync says so. And a file that its
// path no longer leads to: what is written there is gone when it is closed. WatchedVfs finds out, and lets no
// more write through; the store tells the callers.
//
// Files are watched by descriptors that were opened with O_PATH. To open and close a file of the database in
// any other way would drop the locks that SQLite has on it; O_PATH does not.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "runtime/mutex.h"

namespace muster::sqlite {

/// A file that this process has open, and will know again.
class HeldFile {
 public:
  /// The file that is at `path` now. Where there is none, it counts as removed.
  explicit HeldFile(std::string path);
  ~HeldFile();
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;

  const std::string& path() const { return path_; }
  /// Whether no name leads to it any more. One fstat.
  bool HasNoName() const;
  /// Whether its path leads to another file, or to none. Where that cannot be seen, no. May hang as long as
  /// the file system hangs.
  bool IsNotAtItsPath() const;

 private:
  const std::string path_;
  const int descriptor_;
  struct stat held_ = {};
};

/// Thread-safe.
class DiskWatch {
 public:
  enum class Kind {
    kSyncFailed,  // the process should end: the next start brings everything to the disk anew
    kFileLost,  // somebody removed, replaced, moved or cut off a file; to start again is for people to decide
    kNotSyncing,  // SQLite could not be told to sync its commits again
  };
  struct Fault {
    Kind kind = Kind::kSyncFailed;
    std::string cause;  // for the operator: the path, what failed, the text of the errno
    /// What callers are told: no path.
    std::string Reason() const;
  };

  /// Nothing is written from now on. Only the first fault counts.
  void Stop(Fault fault);
  bool stopped() const { return stopped_.load(std::memory_order_acquire); }
  std::optional<Fault> fault() const;
  /// Calls `failed` when a sync fails from now on, once, on the thread that found out.
  void WhenSyncFails(std::function<void()> failed);

  /// SQLite has opened the file at `path`. The same object for all that hold the file.
  std::shared_ptr<const HeldFile> Hold(const std::string& path);
  /// The file is about to be closed, and may be removed then.
  void LetGo(const std::shared_ptr<const HeldFile>& file);
  /// Stops if a path no longer leads to the file that is held. May hang: call it on a thread that may.
  void CheckPaths();

  /// How often the log was synced with success.
  std::int64_t log_syncs() const { return log_syncs_.load(std::memory_order_relaxed); }
  void LogSynced() { log_syncs_.fetch_add(1, std::memory_order_relaxed); }
  /// The size of the log's file, as far as this process wrote it.
  std::int64_t log_bytes() const { return log_bytes_.load(std::memory_order_relaxed); }
  void LogHas(std::int64_t bytes) { log_bytes_.store(bytes, std::memory_order_relaxed); }

  /// An operation on a file failed, and says why: "PATH: cannot be written: No space left on device".
  void Failed(std::string what);
  /// The latest of these since it was taken; empty: none.
  std::string TakeFailure();

 private:
  struct Held {
    std::shared_ptr<const HeldFile> file;
    int users = 0;
  };

  std::atomic<bool> stopped_ = false;
  std::atomic<std::int64_t> log_syncs_ = 0;
  std::atomic<std::int64_t> log_bytes_ = 0;
  mutable Mutex mu_;
  std::optional<Fault> fault_ ABSL_GUARDED_BY(mu_);
  std::function<void()> when_sync_fails_ ABSL_GUARDED_BY(mu_);
  std::vector<Held> held_ ABSL_GUARDED_BY(mu_);
  std::string last_failure_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::sqlite
