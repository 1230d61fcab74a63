#include "store/sqlite/vfs_file.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/sqlite/failure.h"

namespace muster::sqlite {
namespace {

sqlite3_vfs* Find(const std::string& vfs) {
  return sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str());
}

}  // namespace

bool HasContent(const std::string& vfs, const std::string& path) {
  int found = 0;
  sqlite3_vfs* const files = Find(vfs);
  // SQLite's own says that an empty file does not exist.
  return files->xAccess(files, path.c_str(), SQLITE_ACCESS_EXISTS, &found) == SQLITE_OK && found != 0;
}

absl::StatusOr<VfsFile> VfsFile::Open(const std::string& vfs, const std::string& path, Kind kind) {
  sqlite3_vfs* const files = Find(vfs);
  const std::size_t room =
      (static_cast<std::size_t>(files->szOsFile) + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t);
  // A name of a file has its parameters after it, here none; SQLite keeps the pointer.
  std::string name = path;
  name.append(4, '\0');
  VfsFile opened(std::move(name), std::make_unique<std::max_align_t[]>(room));
  const int flags = kind == Kind::kLog ? SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE
                                       : SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY;
  int got = 0;
  const int code = files->xOpen(files, opened.path_->c_str(), opened.file(), flags, &got);
  if (code != SQLITE_OK) {
    opened.file()->pMethods = nullptr;
    return opened.StatusOf(code, "cannot be opened");
  }
  return opened;
}

VfsFile::~VfsFile() {
  if (memory_ != nullptr && file()->pMethods != nullptr) file()->pMethods->xClose(file());
}

absl::Status VfsFile::StatusOf(int code, std::string_view doing) const {
  if (code == SQLITE_OK) return absl::OkStatus();
  const int error = errno;
  return sqlite::StatusOf(code, error,
                          absl::StrCat(path_->c_str(), ": ", std::string(doing), ": ", std::strerror(error)));
}

absl::StatusOr<std::int64_t> VfsFile::Size() {
  sqlite3_int64 size = 0;
  absl::Status looked = StatusOf(file()->pMethods->xFileSize(file(), &size), "cannot be looked at");
  if (!looked.ok()) return looked;
  return size;
}

absl::Status VfsFile::Read(std::span<char> to, std::int64_t at) {
  const int code = file()->pMethods->xRead(file(), to.data(), static_cast<int>(to.size()), at);
  if (code == SQLITE_IOERR_SHORT_READ) return absl::OutOfRangeError("the file ends before");
  return StatusOf(code, "cannot be read");
}

absl::Status VfsFile::Write(std::string_view bytes, std::int64_t at) {
  return StatusOf(file()->pMethods->xWrite(file(), bytes.data(), static_cast<int>(bytes.size()), at),
                  "cannot be written");
}

absl::Status VfsFile::Sync() {
  return StatusOf(file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL), "fsync failed");
}

}  // namespace muster::sqlite
