// The real store on a disk of a simulation: a daemon's part of it, all on one thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "runtime/executor.h"
#include "runtime/log.h"
#include "runtime/manual_clock.h"
#include "store/sqlite/database.h"
#include "store/sqlite/sqlite_store.h"
#include "store/temp_directory.h"
#include "tests/sim/dice.h"
#include "tests/sim/disk.h"
#include "tests/sim/disk_vfs.h"

namespace muster::sim {

class DiskStore {
 public:
  explicit DiskStore(std::uint64_t seed) : disk(seed), random_(Dice(seed)), vfs_(disk, clock) {
    ConfigureLog(LogFormat::kText, LogLevel::kError);  // that maintenance fails is no news here
  }
  DiskStore(const DiskStore&) = delete;
  DiskStore& operator=(const DiskStore&) = delete;
  ~DiskStore() { Close(); }

  /// Opens the store, which must not be open. On an error it is not.
  absl::Status Open() {
    StoreOptions with = options;
    with.sqlite_vfs = vfs_.name();
    absl::StatusOr<std::unique_ptr<Store>> opened =
        OpenSqliteStore(path, with, StoreRuntime{clock, random_, background, [this] { ++failed_syncs; }});
    if (!opened.ok()) return opened.status();
    store_ = *std::move(opened);
    return absl::OkStatus();
  }
  /// A stop in order; for a dead process, what is left of it.
  void Close() {
    store_.reset();
    background.RunUntilIdle();  // what is left there does nothing
  }
  /// After a death, or instead of one: the next process.
  absl::Status Restart() {
    Close();
    disk.Revive();
    return Open();
  }

  /// For connections of a test's own.
  sqlite::Location location() const { return {path, vfs_.name()}; }

  Store* operator->() const { return store_.get(); }
  Store& operator*() const { return *store_; }

  Disk disk;
  ManualClock clock;
  ManualExecutor background{clock};
  testing::TempDirectory directory;  // for the lock file, which is a real one
  const std::string path = directory / "roll.db";
  StoreOptions options;
  int failed_syncs = 0;  // that the owner was told of

 private:
  DiceRandom random_;
  DiskVfs vfs_;
  std::unique_ptr<Store> store_;
};

}  // namespace muster::sim
