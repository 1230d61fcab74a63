#include "store/sqlite/unclean_start.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "absl/strings/str_cat.h"
#include "store/sqlite/vfs_file.h"

namespace muster::sqlite {

absl::Status RefuseHolders(const std::string& path) {
  const std::string index = absl::StrCat(path, "-shm");
  const int descriptor = ::open(index.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return absl::OkStatus();  // there is none; SQLite tells other reasons better
  // The locks of SQLite's index (WALINDEX_LOCK_OFFSET), and after them that of every process that has it
  // mapped.
  struct flock held = {};
  held.l_type = F_WRLCK;
  held.l_whence = SEEK_SET;
  held.l_start = 120;
  held.l_len = 9;
  const bool known = ::fcntl(descriptor, F_GETLK, &held) == 0;
  ::close(descriptor);
  if (!known || held.l_type == F_UNLCK) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat(path, " was not closed in order, and process ", held.l_pid,
                                         " has it open: its log can only be taken over when nobody reads it. "
                                         "End that process, such as a sqlite3 shell."));
}

absl::Status WriteLogAnew(const Location& location) {
  constexpr std::int64_t kAtOnce = 1 << 16;  // SQLite's own VFS cannot write 128 KiB at once
  absl::StatusOr<VfsFile> log = VfsFile::Open(location.vfs, location.path + "-wal", VfsFile::Kind::kLog);
  if (!log.ok()) return log.status();
  const absl::StatusOr<std::int64_t> size = log->Size();
  if (!size.ok()) return size.status();
  std::string part;
  for (std::int64_t at = 0; at < *size; at += kAtOnce) {
    part.resize(static_cast<std::size_t>(std::min(kAtOnce, *size - at)));
    absl::Status status = log->Read(std::span(part.data(), part.size()), at);
    if (status.ok()) status = log->Write(part, at);
    if (!status.ok()) return status;
  }
  return log->Sync();
}

}  // namespace muster::sqlite
