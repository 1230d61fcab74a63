#include "tests/sim/disk.h"

#include <algorithm>
#include <iterator>

namespace muster::sim {
namespace {

bool Fails(int error) {
  errno = error;
  return false;
}

bool TakeOne(int& failures) {
  if (failures <= 0) return false;
  --failures;
  return true;
}

std::string_view DirectoryOf(std::string_view path) {
  return path.substr(0, path.rfind('/') + 1);
}

}  // namespace

void Disk::Kill() {
  if (dead_) return;
  dead_ = true;
  ++life_;
  dies_after_ = 0;
}

void Disk::LosePower() {
  Kill();
  for (auto name = names_.begin(); name != names_.end();) {
    Name& leads_to = name->second;
    if (leads_to.now != leads_to.on_disk && dice_.Coin()) leads_to.on_disk = leads_to.now;
    leads_to.now = leads_to.on_disk;
    if (leads_to.now != nullptr) leads_to.now->LosePower(dice_);
    name = leads_to.now == nullptr ? names_.erase(name) : std::next(name);
  }
}

void Disk::DieAfter(int operations, bool power) {
  dies_after_ = operations;
  by_power_ = power;
}

void Disk::Revive() {
  dead_ = false;
  dies_after_ = 0;
}

void Disk::Die() {
  by_power_ ? LosePower() : Kill();
}

bool Disk::DiesNow() {
  ++counters_.changes;
  return dies_after_ > 0 && --dies_after_ == 0;
}

void Disk::Remove(const std::string& path) {
  names_.erase(path);
}

void Disk::Truncate(const std::string& path, std::int64_t size) {
  const std::shared_ptr<FileBytes> file = Find(path);
  if (file == nullptr) return;
  file->Truncate(size);
  file->SyncSize();
}

void Disk::Replace(const std::string& path, std::string_view content) {
  const auto file = std::make_shared<FileBytes>();
  file->Write(content, 0);
  file->Sync();
  names_[path] = {file, file};
}

std::optional<std::string> Disk::Read(const std::string& path) const {
  const std::shared_ptr<FileBytes> file = Find(path);
  return file == nullptr ? std::nullopt : std::optional(file->seen());
}

std::shared_ptr<FileBytes> Disk::Find(const std::string& path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? nullptr : found->second.now;
}

std::unique_ptr<OpenFile> Disk::Open(const std::string& path, Kind kind, Creation creation) {
  std::shared_ptr<FileBytes> file = Find(path);
  int error = 0;
  if (dead_) {
    error = EIO;
  } else if (file == nullptr && creation == Creation::kNone) {
    error = ENOENT;
  } else if (file != nullptr && creation == Creation::kOnlyNew) {
    error = EEXIST;
  }
  if (error != 0) {
    errno = error;
    return nullptr;
  }
  if (file == nullptr) names_[path].now = file = std::make_shared<FileBytes>();
  return std::make_unique<OpenFile>(*this, path, kind, std::move(file));
}

bool Disk::Delete(const std::string& path) {
  if (dead_) return Fails(EIO);
  if (Find(path) == nullptr) return Fails(ENOENT);
  const bool dies = DiesNow();
  if (!dies || dice_.Coin()) names_[path].now = nullptr;
  if (!dies) return true;
  Die();
  return Fails(EIO);
}

bool Disk::SyncDirectoryOf(const std::string& path) {
  if (dead_) return Fails(EIO);
  if (DiesNow()) {
    Die();
    return Fails(EIO);
  }
  const std::string_view directory = DirectoryOf(path);
  for (auto name = names_.begin(); name != names_.end();) {
    if (DirectoryOf(name->first) == directory) name->second.on_disk = name->second.now;
    name =
        name->second.now == nullptr && name->second.on_disk == nullptr ? names_.erase(name) : std::next(name);
  }
  return true;
}

std::optional<std::int64_t> Disk::SizeOf(const std::string& path) const {
  const std::shared_ptr<FileBytes> file = Find(path);
  return file == nullptr ? std::nullopt : std::optional(file->size());
}

void Disk::Sleep(absl::Duration time) {
  if (dead_ || !stall) return;
  const std::function<void(absl::Duration)> call = stall;  // it may put another one in its place
  call(time);
}

std::optional<std::int64_t> OpenFile::Size() const {
  if (!dead()) return bytes_->size();
  errno = EIO;
  return std::nullopt;
}

std::optional<std::size_t> OpenFile::Read(std::span<char> to, std::int64_t at) const {
  if (dead()) {
    errno = EIO;
    return std::nullopt;
  }
  if (at >= bytes_->size()) return 0;
  return bytes_->seen().copy(to.data(), to.size(), static_cast<std::size_t>(at));
}

bool OpenFile::Write(std::string_view data, std::int64_t at) {
  if (dead()) return Fails(EIO);
  Disk::Faults& faults = disk_.faults;
  if (kind_ == Disk::Kind::kLog) ++disk_.counters_.log_writes;
  if (kind_ == Disk::Kind::kMain) ++disk_.counters_.main_writes;
  if (disk_.DiesNow()) {
    // LosePower tears it by itself.
    const std::size_t written = disk_.by_power_ ? data.size() : disk_.dice_.Below(data.size() + 1);
    bytes_->Write(data.substr(0, written), at);
    disk_.Die();
    return Fails(EIO);
  }
  if (kind_ == Disk::Kind::kLog && TakeOne(faults.fail_log_writes)) return Fails(faults.error);
  if (kind_ == Disk::Kind::kMain && TakeOne(faults.fail_main_writes)) return Fails(faults.error);
  if (faults.full && at + std::ssize(data) > bytes_->size()) {
    const std::int64_t room = std::max<std::int64_t>(bytes_->size() - at, 0);
    bytes_->Write(data.substr(0, static_cast<std::size_t>(room)), at);
    return Fails(ENOSPC);
  }
  bytes_->Write(data, at);
  return true;
}

bool OpenFile::Truncate(std::int64_t size) {
  if (dead()) return Fails(EIO);
  const bool dies = disk_.DiesNow();
  if (!dies && disk_.faults.full && size > bytes_->size()) return Fails(ENOSPC);
  if (!dies || disk_.dice_.Coin()) bytes_->Truncate(size);
  if (!dies) return true;
  disk_.Die();
  return Fails(EIO);
}

bool OpenFile::Sync() {
  if (dead()) return Fails(EIO);
  Disk::Faults& faults = disk_.faults;
  if (kind_ == Disk::Kind::kLog) ++disk_.counters_.log_syncs;
  if (kind_ == Disk::Kind::kMain) ++disk_.counters_.main_syncs;
  if (disk_.DiesNow()) {
    if (disk_.dice_.Coin()) bytes_->Sync();
    disk_.Die();
    return Fails(EIO);
  }
  const bool fails = (kind_ == Disk::Kind::kLog && TakeOne(faults.fail_log_syncs)) ||
                     (kind_ == Disk::Kind::kMain && TakeOne(faults.fail_main_syncs));
  const int error = faults.error;
  const absl::Duration takes = kind_ == Disk::Kind::kLog    ? faults.log_sync_takes
                               : kind_ == Disk::Kind::kMain ? faults.main_sync_takes
                                                            : absl::ZeroDuration();
  if (fails) bytes_->FailSync();
  // What others write meanwhile may be synced, or not.
  const bool early = takes > absl::ZeroDuration() && disk_.dice_.Coin();
  if (!fails && early) bytes_->Sync();
  if (!StallsFor(takes)) return Fails(EIO);
  if (fails) return Fails(error);
  if (!early) bytes_->Sync();
  return true;
}

bool OpenFile::StallsFor(absl::Duration time) {
  if (time > absl::ZeroDuration()) disk_.Sleep(time);
  return !dead();
}

}  // namespace muster::sim
