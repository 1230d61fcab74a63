// A file of a database, read and written beside SQLite but through its VFS: so it works on a simulated disk
// too, and no lock of SQLite is lost when it is closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "store/sqlite/database.h"

struct sqlite3_file;

namespace muster::sqlite {

/// Whether there is a file at `path` that has content.
bool HasContent(const std::string& vfs, const std::string& path);

class VfsFile {
 public:
  enum class Kind { kDatabase, kLog };

  /// The log is opened for writing, the database is not.
  static absl::StatusOr<VfsFile> Open(const std::string& vfs, const std::string& path, Kind kind);
  VfsFile(VfsFile&& other) noexcept = default;
  VfsFile& operator=(VfsFile&&) = delete;
  ~VfsFile();

  absl::StatusOr<std::int64_t> Size();
  /// All of `to`. OUT_OF_RANGE: the file ends before.
  absl::Status Read(std::span<char> to, std::int64_t at);
  absl::Status Write(std::string_view bytes, std::int64_t at);
  absl::Status Sync();

 private:
  VfsFile(std::string path, std::unique_ptr<std::max_align_t[]> memory)
      : path_(std::make_unique<const std::string>(std::move(path))), memory_(std::move(memory)) {}
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.get()); }
  absl::Status StatusOf(int code, std::string_view doing) const;

  std::unique_ptr<const std::string> path_;     // SQLite keeps its address
  std::unique_ptr<std::max_align_t[]> memory_;  // null where it was moved from
};

}  // namespace muster::sqlite
