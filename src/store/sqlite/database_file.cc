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
#include "store/sqlite/migrations.h"

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
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
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
  if (!path_.empty()) ::unlink(path_.c_str());
  ::close(descriptor_);
}

absl::StatusOr<DatabaseFile> OpenDatabaseFile(const Location& location, std::string_view holder) {
  absl::StatusOr<std::string> path = ResolveDatabasePath(location.path);
  if (!path.ok()) return path.status();
  Location resolved(*std::move(path), location.vfs);
  absl::StatusOr<FileLock> lock = FileLock::Acquire(resolved.path, holder);
  if (!lock.ok()) return lock.status();
  absl::Status status = Inspect(resolved, EmbeddedMigrations());
  if (!status.ok()) return status;
  absl::StatusOr<Database> connection = Database::Open(resolved, Access::kReadWrite);
  if (!connection.ok()) return connection.status();
  status = Migrate(*connection, EmbeddedMigrations());
  if (!status.ok()) return status;
  return DatabaseFile{*std::move(lock), std::move(resolved), *std::move(connection)};
}

}  // namespace muster::sqlite
