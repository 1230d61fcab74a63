#include "store/model/prefetcher.h"

#include <algorithm>

namespace muster {

void Prefetcher::Begin(std::span<const std::string_view> ids) {
  ids_ = ids;
  next_ = 0;
  for (std::size_t i = 0; i < std::min(kHash, ids.size()); ++i) Hash(i);
  for (std::size_t i = 0; i < std::min(kProbe, ids.size()); ++i) Probe(i);
  for (std::size_t i = 0; i < std::min(kTouch, ids.size()); ++i) Touch(i);
}

void Prefetcher::Hash(std::size_t index) {
  const std::uint64_t hash = IdIndex::HashOf(ids_[index]);
  At(index).hash = hash;
  model_.ids().PrefetchEntry(hash);
}

void Prefetcher::Probe(std::size_t index) {
  Ahead& ahead = At(index);
  ahead.slot = model_.ids().Probe(ahead.hash);
  if (ahead.slot != kNoSlot) model_.PrefetchSlot(ahead.slot);
}

void Prefetcher::Touch(std::size_t index) {
  const std::uint32_t slot = At(index).slot;
  if (slot != kNoSlot) model_.PrefetchWorker(slot);
}

std::size_t Prefetcher::PlaceOf(std::string_view id) const {
  // Some commands are refused before they ask for their id, and some ask twice.
  const std::size_t last = std::min(next_ + kMaxSkipped, ids_.size());
  for (std::size_t at = next_; at < last; ++at) {
    if (ids_[at].data() == id.data() && ids_[at].size() == id.size()) return at;
  }
  return ids_.size();
}

std::uint32_t Prefetcher::TakeNext() {
  const std::uint32_t slot = At(next_).slot;
  if (next_ + kHash < ids_.size()) Hash(next_ + kHash);
  if (next_ + kProbe < ids_.size()) Probe(next_ + kProbe);
  if (next_ + kTouch < ids_.size()) Touch(next_ + kTouch);
  ++next_;
  return slot;
}

std::optional<std::uint32_t> Prefetcher::Find(std::string_view id) {
  const std::size_t place = PlaceOf(id);
  if (place == ids_.size()) return model_.Find(id);
  while (next_ < place) TakeNext();
  const std::uint32_t slot = TakeNext();
  if (slot != kNoSlot && model_.WorkerAt(slot)->id == id) return slot;
  return model_.Find(id);
}

}  // namespace muster
