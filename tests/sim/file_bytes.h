// The bytes of one file: as every reader sees them, in the page cache, and as the disk has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/dice.h"

namespace muster::sim {

/// Writes go to the cache, and make whole pages of it dirty. A sync writes the dirty pages to the disk.
class FileBytes {
 public:
  static constexpr std::int64_t kPage = 4096;   // bytes of the cache that are clean or dirty together
  static constexpr std::int64_t kSector = 512;  // bytes that the disk has as a whole or not at all

  const std::string& seen() const { return seen_; }
  std::int64_t size() const { return static_cast<std::int64_t>(seen_.size()); }

  /// Bytes between the end of the file and `at` become zeros.
  void Write(std::string_view data, std::int64_t at);
  /// Cuts the file off, or makes it longer by zeros.
  void Truncate(std::int64_t size);

  void Sync();
  /// Only the size, as a file system does by itself after a while.
  void SyncSize();
  /// As on Linux: what was dirty still reads well, and counts as clean. So the next sync does not write it.
  void FailSync() { Forget(); }
  /// What the disk has is all that is left. Of what was dirty, it has some sectors and not others, in no
  /// order. A sector that was not written keeps what it had.
  void LosePower(Dice& dice);

 private:
  void Forget();
  void CutOnDisk();
  void CopyToDisk(std::int64_t from, std::int64_t to);

  std::string seen_;
  std::string on_disk_;
  std::vector<bool> is_dirty_;       // of each page
  std::vector<std::int64_t> dirty_;  // the same as a list; it may also name pages beyond the end
  std::optional<std::int64_t> cut_;  // the shortest that the file was made since the last sync
};

}  // namespace muster::sim
