#include "net/unix_path.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace muster::net {
namespace {

constexpr mode_t kLockMode = 0600;
constexpr int kAttempts = 10;  // to lock a file that others remove

std::string LockOf(const std::string& path) {
  return absl::StrCat(path, ".lock");
}

absl::Status InUse() {
  return absl::UnavailableError("the socket is in use: is another musterd running there?");
}

/// A lock on the file that has this name now. Its owner removes the file at its end: so the file that was
/// locked may be another one.
absl::StatusOr<Descriptor> Lock(const std::string& path) {
  for (int i = 0; i < kAttempts; ++i) {
    Descriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kLockMode));
    if (!lock.open()) return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno)));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return InUse();
    struct stat held = {};
    struct stat named = {};
    if (::fstat(lock.get(), &held) == 0 && ::lstat(path.c_str(), &named) == 0 &&
        held.st_dev == named.st_dev && held.st_ino == named.st_ino) {
      return lock;
    }
  }
  return InUse();
}

/// Whether a process listens there. It may know nothing of the lock. Does not wait: a listener whose queue is
/// full is a listener.
bool SomeoneListens(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.open()) return true;
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno != ECONNREFUSED;
}

}  // namespace

absl::StatusOr<UnixPath> UnixPath::Take(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return absl::InvalidArgumentError("the path of a unix socket is at most 107 bytes long");
  }
  auto lock = Lock(LockOf(path));
  if (!lock.ok()) return lock.status();
  UnixPath taken(path, *std::move(lock));
  struct stat found = {};
  if (::lstat(path.c_str(), &found) != 0) return taken;
  if (!S_ISSOCK(found.st_mode)) return absl::UnavailableError("there is a file that is no socket");
  if (SomeoneListens(path)) return InUse();
  ::unlink(path.c_str());
  return taken;
}

UnixPath::~UnixPath() {
  if (!lock_.open()) return;  // moved from
  struct stat found = {};
  if (inode_ != 0 && ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ &&
      found.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  ::unlink(LockOf(path_).c_str());
}

void UnixPath::Remember() {
  struct stat found = {};
  if (::lstat(path_.c_str(), &found) != 0) return;
  device_ = found.st_dev;
  inode_ = found.st_ino;
}

}  // namespace muster::net
