#include "store/model/id_index.h"

namespace muster {

IdIndex::IdIndex(const Slab<WorkerPtr>& workers) : workers_(workers) {
  for (Table& table : tables_) table = Table(0, Hash(), Equal{&workers_});
}

std::optional<std::uint32_t> IdIndex::Find(std::string_view id) const {
  const std::uint64_t hash = HashOf(id);
  const Table& table = tables_[hash % kTables];
  const auto found = table.find(Wanted{Kept(hash), id});
  if (found == table.end()) return std::nullopt;
  return found->slot;
}

void IdIndex::Insert(std::uint32_t slot) {
  const std::uint64_t hash = HashOf(workers_[slot]->id);
  tables_[hash % kTables].insert(Entry{Kept(hash), slot});
}

void IdIndex::Erase(std::uint32_t slot) {
  const std::uint64_t hash = HashOf(workers_[slot]->id);
  tables_[hash % kTables].erase(Entry{Kept(hash), slot});
}

}  // namespace muster
