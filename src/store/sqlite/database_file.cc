#include "store/sqlite/database_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "store/sqlite/log_binding.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/unclean_start.h"
#include "store/sqlite/vfs_file.h"

namespace muster::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxSymbolicLinks = 40;  // as the kernel

absl::Status SystemFailure(const std::string& doing, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", doing, " ", path));
}

// Its last holder may remove the lock file between our open and our lock. Then we locked a file that is gone.
bool IsStillAt(int descriptor, const std::string& path) {
  struct stat held = {};
  struct stat there = {};
  return ::fstat(descriptor, &held) == 0 && ::stat(path.c_str(), &there) == 0 &&
         held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

std::string ReadHolder(int descriptor) {
  char text[512];
  const ssize_t size = ::pread(descriptor, text, sizeof text, 0);
  if (size <= 0) return "another process";
  std::string holder(text, static_cast<std::size_t>(size));
  absl::StripTrailingAsciiWhitespace(&holder);
  return holder;
}

bool WriteAt(int descriptor, off_t offset, std::string_view text) {
  return ::pwrite(descriptor, text.data(), text.size(), offset) == static_cast<ssize_t>(text.size());
}

// Takes the time of the lock from the file system: it knows when we wrote.
void WriteHolder(int descriptor, std::string_view holder) {
  const std::string text =
      absl::StrCat(holder.empty() ? "a process" : std::string(holder), " (pid ", ::getpid());
  struct stat written = {};
  // For people only: on a full disk the lock holds without a name.
  if (::ftruncate(descriptor, 0) != 0 || !WriteAt(descriptor, 0, text) || ::fstat(descriptor, &written) != 0)
    return;
  const std::string since = absl::FormatTime(
      "%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(written.st_mtim.tv_sec), absl::UTCTimeZone());
  (void)WriteAt(descriptor, static_cast<off_t>(text.size()), absl::StrCat(", since ", since, ")\n"));
}

// Where a chain of symbolic links ends, even if no file is there yet.
absl::StatusOr<fs::path> FollowLinks(fs::path path) {
  std::error_code error;
  for (int links = 0; fs::is_symlink(path, error); ++links) {
    if (links == kMaxSymbolicLinks) {
      return absl::InvalidArgumentError(absl::StrCat(path.string(), ": too many symbolic links"));
    }
    const fs::path target = fs::read_symlink(path, error);
    if (error) return absl::InvalidArgumentError(absl::StrCat(path.string(), ": ", error.message()));
    path = path.parent_path() / target;
  }
  return path;
}

}  // namespace

absl::StatusOr<std::string> ResolveDatabasePath(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("the path of the database is empty: write sqlite:PATH");
  const absl::StatusOr<fs::path> followed = FollowLinks(path);
  if (!followed.ok()) return followed.status();
  std::error_code error;
  const fs::path directory =
      fs::canonical(followed->has_parent_path() ? followed->parent_path() : fs::path("."), error);
  if (error) {
    return absl::NotFoundError(absl::StrCat("the directory of ", path, " cannot be used: ", error.message(),
                                            ". Create it, or choose another path."));
  }
  const std::string resolved = (directory / followed->filename()).string();
  struct stat file = {};
  if (::stat(resolved.c_str(), &file) != 0) {
    return errno == ENOENT ? absl::StatusOr<std::string>(resolved) : SystemFailure("look at", resolved);
  }
  if (!S_ISREG(file.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(resolved, " is not a file. Name the file of the database."));
  }
  if (file.st_nlink > 1) {
    return absl::FailedPreconditionError(absl::StrCat(
        resolved, " has ", file.st_nlink,
        " hard links: what is not yet in the file itself would be lost to whoever opens it by another "
        "name. Remove the other links (find them with: find -samefile ",
        resolved, ")."));
  }
  return resolved;
}

absl::StatusOr<FileLock> FileLock::Acquire(const std::string& database, std::string_view holder) {
  const std::string path = absl::StrCat(database, "-lock");
  while (true) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return SystemFailure("create the lock file", path);
    FileLock lock("", descriptor);  // no name yet: so a file that is not ours is not removed
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) return SystemFailure("lock", path);
      return absl::FailedPreconditionError(absl::StrCat(database, " is in use by ", ReadHolder(descriptor),
                                                        ". Stop it first, or choose another file."));
    }
    if (!IsStillAt(descriptor, path)) continue;
    lock.path_ = path;
    WriteHolder(descriptor, holder);
    return lock;
  }
}

FileLock::~FileLock() {
  if (descriptor_ < 0) return;
  // Where it was removed, another process may have made its own.
  if (!path_.empty() && IsStillAt(descriptor_, path_)) ::unlink(path_.c_str());
  ::close(descriptor_);
}

void FileLock::Watch(DiskWatch& watch) const {
  (void)watch.Hold(path_);
}

namespace {

// Whether the files may be opened, before anything is changed.
absl::Status CheckFiles(const Location& location, bool unclean, bool in_kernel) {
  if (unclean && in_kernel) {
    absl::Status held = RefuseHolders(location.path);
    if (!held.ok()) return held;
  }
  // SQLite would delete the log, and begin with an empty database.
  if (unclean && !HasContent(location.vfs, location.path)) {
    return absl::FailedPreconditionError(
        absl::StrCat(location.path, " is missing or empty, and its log ", location.path,
                     "-wal is there. It is left as it is. See \"A file was removed\" in docs/database.md."));
  }
  const absl::Status belongs = unclean ? CheckLogBelongs(location, location.path) : absl::OkStatus();
  const absl::Status inspected = Inspect(location, EmbeddedMigrations());
  // A log that does not belong to it makes a sound database look damaged.
  if (absl::IsFailedPrecondition(belongs) && (inspected.ok() || absl::IsDataLoss(inspected))) return belongs;
  return inspected.ok() ? belongs : inspected;
}

// A new file is its owner's alone; SQLite gives the log and its index the mode of the database. To open and
// to close it here drops no lock of SQLite's: it is not open yet.
absl::Status MakePrivate(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return errno == EEXIST ? absl::OkStatus() : SystemFailure("create", path);
  ::close(descriptor);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DatabaseFile> OpenDatabaseFile(const Location& location, std::string_view holder) {
  absl::StatusOr<std::string> path = ResolveDatabasePath(location.path);
  if (!path.ok()) return path.status();
  absl::StatusOr<FileLock> lock = FileLock::Acquire(*path, holder);
  if (!lock.ok()) return lock.status();
  auto vfs = std::make_unique<WatchedVfs>(*path, location.vfs);
  Location resolved(*std::move(path), vfs->name());
  const bool in_kernel = location.vfs.empty();
  // After an end in order the log is gone, or empty.
  const bool unclean = HasContent(resolved.vfs, resolved.path + "-wal");
  const bool is_new = !HasContent(resolved.vfs, resolved.path);
  absl::Status status = CheckFiles(resolved, unclean, in_kernel);
  if (status.ok() && in_kernel) status = MakePrivate(resolved.path);
  if (status.ok() && unclean) status = WriteLogAnew(resolved);
  if (!status.ok()) return status;
  absl::StatusOr<Database> connection = Database::Open(resolved, Access::kReadWrite);
  if (!connection.ok()) return connection.status();
  if (unclean) status = connection->CheckpointAll();
  (void)connection->BindLogs();  // fails where the next step makes the row
  if (status.ok()) status = Migrate(*connection, EmbeddedMigrations());
  if (status.ok()) status = connection->BindLogs();
  // A write and an fsync for a trial, where something is to be trusted of both files. The database alone
  // shows the name then, so that no other log is taken for its own.
  if (status.ok()) status = connection->Begin();
  if (status.ok()) status = connection->Commit();
  if (status.ok() && (unclean || is_new)) status = connection->CheckpointAll();
  if (!status.ok()) return status;
  if (in_kernel) lock->Watch(*vfs->watch());
  return DatabaseFile{*std::move(lock), std::move(vfs), std::move(resolved), *std::move(connection)};
}

}  // namespace muster::sqlite
