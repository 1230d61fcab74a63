#include "store/model/id_index.h"

#include <algorithm>
#include <utility>

namespace muster {

std::optional<std::uint32_t> IdIndex::Find(std::string_view id) const {
  const std::uint64_t hash = HashOf(id);
  const std::uint32_t slot = FindIn(TableOf(hash), Kept(hash),
                                    [&](std::uint32_t candidate) { return workers_[candidate]->id == id; });
  return slot == kNoSlot ? std::nullopt : std::optional(slot);
}

std::uint32_t IdIndex::Probe(std::uint64_t hash) const {
  return FindIn(TableOf(hash), Kept(hash), [](std::uint32_t) { return true; });
}

void IdIndex::Put(Table& table, Entry entry) {
  std::uint32_t at = entry.hash & table.mask;
  while (table.entries[at].slot != kNoSlot) at = (at + 1) & table.mask;
  table.entries[at] = entry;
}

void IdIndex::Grow(Table& table) {
  const std::uint32_t room = table.entries == nullptr ? 0 : table.mask + 1;
  Table grown;
  grown.mask = std::max(kSmallest, room * 2) - 1;
  grown.entries = std::make_unique<Entry[]>(grown.mask + 1);
  grown.used = table.used;
  for (std::uint32_t at = 0; at < room; ++at) {
    if (table.entries[at].slot != kNoSlot) Put(grown, table.entries[at]);
  }
  table = std::move(grown);
}

void IdIndex::Insert(std::uint32_t slot) {
  const std::uint64_t hash = HashOf(workers_[slot]->id);
  Table& table = tables_[hash % kTables];
  // Three quarters full at most.
  if (table.entries == nullptr || (table.used + 1) * 4 > (table.mask + 1) * 3) Grow(table);
  Put(table, Entry{Kept(hash), slot});
  ++table.used;
}

void IdIndex::Erase(std::uint32_t slot) {
  const std::uint64_t hash = HashOf(workers_[slot]->id);
  Table& table = tables_[hash % kTables];
  std::uint32_t hole = Kept(hash) & table.mask;
  while (table.entries[hole].slot != slot) hole = (hole + 1) & table.mask;
  --table.used;
  // Entries behind the hole that belong at the hole or before it move up, so that a search still reaches
  // them.
  for (std::uint32_t at = (hole + 1) & table.mask; table.entries[at].slot != kNoSlot;
       at = (at + 1) & table.mask) {
    const std::uint32_t home = table.entries[at].hash & table.mask;
    if (((at - home) & table.mask) < ((at - hole) & table.mask)) continue;
    table.entries[hole] = table.entries[at];
    hole = at;
  }
  table.entries[hole] = Entry();
}

}  // namespace muster
