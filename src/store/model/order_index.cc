#include "store/model/order_index.h"

#include <algorithm>

namespace muster {

StatusMask StatusesOf(const WorkerFilter& filter) {
  if (filter.statuses.empty()) return kAnyStatus;
  StatusMask mask = 0;
  for (const WorkerStatus status : filter.statuses) mask = static_cast<StatusMask>(mask | MaskOf(status));
  return mask;
}

bool Matches(const WorkerFilter& filter, StatusMask statuses, const Worker& worker) {
  if ((statuses & MaskOf(worker.status)) == 0) return false;
  const WorkerConfig& config = worker.config;
  if (!filter.region.empty() && filter.region != config.region) return false;
  if (!filter.capability.empty() &&
      !std::binary_search(config.capabilities.begin(), config.capabilities.end(), filter.capability)) {
    return false;
  }
  return std::all_of(filter.metadata.begin(), filter.metadata.end(), [&config](const auto& wanted) {
    const auto found = config.metadata.find(wanted.first);
    return found != config.metadata.end() && found->second == wanted.second;
  });
}

std::size_t OrderIndex::LeafFor(std::string_view id) const {
  // The last leaf whose first id is not greater than `id`. The first leaf takes the ids that are smaller than
  // all.
  const auto after = std::upper_bound(
      order_.begin(), order_.end(), id,
      [this](std::string_view wanted, std::uint32_t leaf) { return wanted < IdOf(leaves_[leaf]->slots[0]); });
  return after == order_.begin() ? 0 : static_cast<std::size_t>(after - order_.begin()) - 1;
}

std::size_t OrderIndex::FirstAfter(const Leaf& leaf, std::string_view id) const {
  const auto end = leaf.slots.begin() + leaf.size;
  const auto after =
      std::upper_bound(leaf.slots.begin(), end, id,
                       [this](std::string_view wanted, std::uint32_t slot) { return wanted < IdOf(slot); });
  return static_cast<std::size_t>(after - leaf.slots.begin());
}

std::size_t OrderIndex::NewLeaf(std::size_t at) {
  std::uint32_t number = 0;
  if (unused_.empty()) {
    number = static_cast<std::uint32_t>(leaves_.size());
    leaves_.push_back(std::make_unique<Leaf>());
  } else {
    number = unused_.back();
    unused_.pop_back();
    leaves_[number] = std::make_unique<Leaf>();
  }
  order_.insert(order_.begin() + static_cast<std::ptrdiff_t>(at), number);
  return at;
}

void OrderIndex::DropLeaf(std::size_t at) {
  leaves_[order_[at]].reset();
  unused_.push_back(order_[at]);
  order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(at));
}

void OrderIndex::Put(std::uint32_t leaf_number, std::uint32_t slot) {
  Leaf& leaf = *leaves_[leaf_number];
  const std::size_t place = FirstAfter(leaf, IdOf(slot));
  std::copy_backward(leaf.slots.begin() + place, leaf.slots.begin() + leaf.size,
                     leaf.slots.begin() + leaf.size + 1);
  leaf.slots[place] = slot;
  ++leaf.size;
  ++leaf.Count(workers_[slot]->status);
  leaf_of_[slot] = leaf_number;
}

void OrderIndex::MoveTail(std::uint32_t from, std::size_t first, std::uint32_t to) {
  Leaf& source = *leaves_[from];
  Leaf& target = *leaves_[to];
  for (std::size_t i = first; i < source.size; ++i) {
    const std::uint32_t slot = source.slots[i];
    const WorkerStatus status = workers_[slot]->status;
    target.slots[target.size++] = slot;
    ++target.Count(status);
    --source.Count(status);
    leaf_of_[slot] = to;
  }
  source.size = static_cast<std::uint16_t>(first);
}

void OrderIndex::Insert(std::uint32_t slot) {
  const std::string_view id = IdOf(slot);
  if (order_.empty()) NewLeaf(0);
  std::size_t at = leaves_[order_[0]]->size == 0 ? 0 : LeafFor(id);
  if (leaves_[order_[at]]->size == kLeafSize) {
    const std::uint32_t full = order_[at];
    NewLeaf(at + 1);
    const bool grows_at_the_end = at + 2 == order_.size() && IdOf(leaves_[full]->slots[kLeafSize - 1]) < id;
    if (grows_at_the_end) {  // so ids that ascend fill their leaves
      ++at;
    } else {
      MoveTail(full, kLeafSize / 2, order_[at + 1]);
      if (IdOf(leaves_[order_[at + 1]]->slots[0]) < id) ++at;
    }
  }
  Put(order_[at], slot);
}

void OrderIndex::Erase(std::uint32_t slot) {
  const std::uint32_t number = leaf_of_[slot];
  Leaf& leaf = *leaves_[number];
  const std::size_t at = LeafFor(IdOf(slot));
  const std::size_t place = FirstAfter(leaf, IdOf(slot)) - 1;
  std::copy(leaf.slots.begin() + place + 1, leaf.slots.begin() + leaf.size, leaf.slots.begin() + place);
  --leaf.size;
  --leaf.Count(workers_[slot]->status);
  if (leaf.size == 0) {
    DropLeaf(at);
  } else if (at + 1 < order_.size() && leaf.size + leaves_[order_[at + 1]]->size <= kLeafSize / 2) {
    MoveTail(order_[at + 1], 0, number);
    DropLeaf(at + 1);
  }
}

void OrderIndex::ChangeStatus(std::uint32_t slot, WorkerStatus from, WorkerStatus to) {
  Leaf& leaf = *leaves_[leaf_of_[slot]];
  --leaf.Count(from);
  ++leaf.Count(to);
}

}  // namespace muster
