#include "tests/sim/file_bytes.h"

#include <algorithm>
#include <iterator>

namespace muster::sim {

void FileBytes::Write(std::string_view data, std::int64_t at) {
  if (data.empty()) return;
  const std::int64_t end = at + std::ssize(data);
  if (end > size()) seen_.resize(static_cast<std::size_t>(end));
  data.copy(&seen_[static_cast<std::size_t>(at)], data.size());
  const auto pages = static_cast<std::size_t>((end + kPage - 1) / kPage);
  if (is_dirty_.size() < pages) is_dirty_.resize(pages);
  for (std::int64_t page = at / kPage; page * kPage < end; ++page) {
    if (is_dirty_[static_cast<std::size_t>(page)]) continue;
    is_dirty_[static_cast<std::size_t>(page)] = true;
    dirty_.push_back(page);
  }
}

void FileBytes::Truncate(std::int64_t size_after) {
  if (size_after < size()) cut_ = std::min(size_after, cut_.value_or(size_after));
  seen_.resize(static_cast<std::size_t>(size_after));
}

void FileBytes::Sync() {
  SyncSize();
  for (const std::int64_t page : dirty_) CopyToDisk(page * kPage, (page + 1) * kPage);
  Forget();
}

void FileBytes::SyncSize() {
  CutOnDisk();
  cut_.reset();
  on_disk_.resize(seen_.size());  // zeros, where pages of a failed sync are missing
}

void FileBytes::LosePower(Dice& dice) {
  // Where each sector is a coin, all and nothing would never be seen.
  constexpr std::uint64_t kPercent[] = {0, 10, 50, 90, 100};
  const std::uint64_t percent = kPercent[dice.Below(std::size(kPercent))];
  if (cut_ && dice.Coin()) CutOnDisk();
  for (const std::int64_t page : dirty_) {
    for (std::int64_t at = page * kPage; at < std::min((page + 1) * kPage, size()); at += kSector) {
      if (dice.Below(100) < percent) CopyToDisk(at, at + kSector);
    }
  }
  // The new size may be there before the bytes.
  if (on_disk_.size() < seen_.size() && dice.Coin()) on_disk_.resize(seen_.size());
  seen_ = on_disk_;
  cut_.reset();
  Forget();
}

void FileBytes::Forget() {
  for (const std::int64_t page : dirty_) is_dirty_[static_cast<std::size_t>(page)] = false;
  dirty_.clear();
}

void FileBytes::CutOnDisk() {
  if (cut_ && *cut_ < std::ssize(on_disk_)) on_disk_.resize(static_cast<std::size_t>(*cut_));
}

void FileBytes::CopyToDisk(std::int64_t from, std::int64_t to) {
  to = std::min(to, size());
  if (from >= to) return;
  if (std::ssize(on_disk_) < to) on_disk_.resize(static_cast<std::size_t>(to));
  const auto begin = static_cast<std::size_t>(from);
  seen_.copy(&on_disk_[begin], static_cast<std::size_t>(to - from), begin);
}

}  // namespace muster::sim
