#include "store/sqlite/disk_watch.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::sqlite {

HeldFile::HeldFile(std::string path)
    : path_(std::move(path)), descriptor_(::open(path_.c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW)) {
  if (descriptor_ >= 0) (void)::fstat(descriptor_, &held_);
}

HeldFile::~HeldFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool HeldFile::HasNoName() const {
  if (descriptor_ < 0) return true;
  struct stat now = {};
  return ::fstat(descriptor_, &now) == 0 && now.st_nlink == 0;
}

bool HeldFile::IsNotAtItsPath() const {
  if (descriptor_ < 0) return true;
  struct stat there = {};
  if (::stat(path_.c_str(), &there) != 0) return errno == ENOENT || errno == ENOTDIR;
  return there.st_dev != held_.st_dev || there.st_ino != held_.st_ino;
}

std::string DiskWatch::Fault::Reason() const {
  switch (kind) {
    case Kind::kSyncFailed:
      return "the disk of the store failed while it was written";
    case Kind::kFileLost:
      return "a file of the store was removed, replaced or cut off; see the daemon's log";
    case Kind::kNotSyncing:
      return "the store cannot make sure that what it writes reaches the disk";
  }
  return "the store failed";
}

void DiskWatch::Stop(Fault fault) {
  std::function<void()> tell;
  {
    const MutexLock lock(mu_);
    if (fault_) return;
    if (fault.kind == Kind::kSyncFailed) tell = when_sync_fails_;
    fault_ = std::move(fault);
    stopped_.store(true, std::memory_order_release);
  }
  if (tell) tell();
}

std::optional<DiskWatch::Fault> DiskWatch::fault() const {
  const MutexLock lock(mu_);
  return fault_;
}

void DiskWatch::WhenSyncFails(std::function<void()> failed) {
  const MutexLock lock(mu_);
  when_sync_fails_ = std::move(failed);
}

std::shared_ptr<const HeldFile> DiskWatch::Hold(const std::string& path) {
  auto opened = std::make_shared<const HeldFile>(path);
  const MutexLock lock(mu_);
  for (Held& held : held_) {
    if (held.file->path() != path) continue;
    ++held.users;
    return held.file;
  }
  held_.push_back({opened, 1});
  return opened;
}

void DiskWatch::LetGo(const std::shared_ptr<const HeldFile>& file) {
  const MutexLock lock(mu_);
  const auto held =
      std::find_if(held_.begin(), held_.end(), [&](const Held& each) { return each.file == file; });
  if (held != held_.end() && --held->users == 0) held_.erase(held);
}

void DiskWatch::CheckPaths() {
  std::vector<std::shared_ptr<const HeldFile>> files;
  {
    const MutexLock lock(mu_);
    for (const Held& held : held_) files.push_back(held.file);
  }
  for (const std::shared_ptr<const HeldFile>& file : files) {
    if (!file->IsNotAtItsPath()) continue;
    {
      // It may have been closed and removed in order meanwhile.
      const MutexLock lock(mu_);
      if (std::none_of(held_.begin(), held_.end(), [&](const Held& each) { return each.file == file; })) {
        continue;
      }
    }
    return Stop({Kind::kFileLost,
                 absl::StrCat(file->path(), ": was removed, replaced or moved while the store was open")});
  }
}

void DiskWatch::Failed(std::string what) {
  const MutexLock lock(mu_);
  last_failure_ = std::move(what);
}

std::string DiskWatch::TakeFailure() {
  const MutexLock lock(mu_);
  return std::exchange(last_failure_, "");
}

}  // namespace muster::sqlite
