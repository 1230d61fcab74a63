#include "store/crash/small_disk.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"

namespace muster::testing {
namespace {

// Without root: a user namespace in which this process is root. Only a process without threads may create
// one.
bool BecomeRootOfOwnNamespace() {
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << absl::StrCat("0 ", user, " 1");
  std::ofstream("/proc/self/gid_map") << absl::StrCat("0 ", group, " 1");
  return true;
}

bool OwnMounts() {
  if (::unshare(CLONE_NEWNS) != 0 && !BecomeRootOfOwnNamespace()) return false;
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

}  // namespace

std::optional<SmallDisk> SmallDisk::Mount(const std::string& directory, int megabytes, std::string* why_not) {
  const std::string size = absl::StrCat("size=", megabytes, "m");
  if (!OwnMounts() || ::mount("tmpfs", directory.c_str(), "tmpfs", 0, size.c_str()) != 0) {
    *why_not = std::strerror(errno);
    return std::nullopt;
  }
  return SmallDisk(directory);
}

SmallDisk::~SmallDisk() {
  if (!directory_.empty()) ::umount2(directory_.c_str(), MNT_DETACH);
}

void SmallDisk::Fill() const {
  const int file = ::open((directory_ + "/ballast").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const std::vector<char> block(4096, 'x');
  while (::write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size())) {
  }
  ::close(file);
}

void SmallDisk::MakeRoom() const {
  ::unlink((directory_ + "/ballast").c_str());
}

}  // namespace muster::testing
