// A roll in the real SQLite store, on a simulated disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "muster/clock.h"
#include "store/sqlite/database.h"
#include "store/sqlite/sqlite_store.h"
#include "tests/sim/disk.h"
#include "tests/sim/disk_vfs.h"
#include "tests/sim/home.h"
#include "tests/store/temp_directory.h"

namespace muster::sim {

class RollOnDisk final : public Home {
 public:
  RollOnDisk(const Clock& clock, std::uint64_t seed, const StoreOptions& options)
      : disk_(seed), vfs_(disk_, clock), options_(options) {
    options_.sqlite_vfs = vfs_.name();
  }

  absl::StatusOr<std::unique_ptr<Store>> Open(const StoreRuntime& runtime) override {
    disk_.Revive();
    return OpenSqliteStore(path(), options_, runtime);
  }
  void Kill() override {
    if (!disk_.dead()) disk_.Kill();
  }
  void LosePower() override { disk_.LosePower(); }
  bool dead() const override { return disk_.dead(); }

  /// The number that a query of the file finds; unset if the file cannot be read.
  std::optional<std::int64_t> Ask(std::string_view sql) const {
    absl::StatusOr<sqlite::Database> file =
        sqlite::Database::Open({path(), vfs_.name()}, sqlite::Access::kReadOnly);
    if (!file.ok()) return std::nullopt;
    const absl::StatusOr<std::int64_t> found = file->QueryInt64(sql);
    return found.ok() ? std::optional(*found) : std::nullopt;
  }
  Disk& disk() { return disk_; }
  std::string path() const { return directory_ / "roll.db"; }

 private:
  testing::TempDirectory directory_;  // for the lock file, which is a real one
  Disk disk_;
  DiskVfs vfs_;
  StoreOptions options_;
};

}  // namespace muster::sim
