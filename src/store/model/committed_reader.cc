#include "store/model/committed_reader.h"

#include <optional>
#include <utility>

#include "absl/container/btree_map.h"
#include "domain/worker_size.h"

namespace muster {
namespace {

// How many workers a list looks at before it lets the writer in.
constexpr int kWorkersWithoutABreak = 4096;

// The totals, with the guard's holds written in, in the order of regions.
std::vector<RegionTotals> WithHolds(absl::btree_map<std::string, RegionTotals> totals,
                                    const absl::btree_map<std::string, ListeningTime>& holds) {
  std::vector<RegionTotals> regions;
  regions.reserve(totals.size());
  for (auto& [name, region] : totals) {
    if (const auto hold = holds.find(name); hold != holds.end()) {
      region.held = true;
      region.held_until = hold->second;
    }
    regions.push_back(std::move(region));
  }
  return regions;
}

}  // namespace

Result<std::optional<WorkerView>> CommittedReader::Find(std::string_view id) const {
  const ReaderMutexLock lock(shared_.mu);
  const std::optional<std::uint32_t> slot = shared_.model.Find(id);
  return slot ? std::optional(shared_.model.View(*slot)) : std::nullopt;
}

Result<std::vector<WorkerView>> CommittedReader::List(const WorkerFilter& filter, std::string_view after_id,
                                                      ListLimit limit) const {
  std::vector<WorkerView> found;
  std::optional<std::string> after = std::string(after_id);
  std::size_t counted = 0;  // of `found`, in `bytes`
  std::int64_t bytes = 0;
  while (after && std::cmp_less(found.size(), limit.rows)) {
    {
      const ReaderMutexLock lock(shared_.mu);
      after = shared_.model.List(filter, *after, limit.rows, kWorkersWithoutABreak, found);
    }
    while (counted < found.size() && bytes <= limit.bytes) bytes += WorkerBytes(*found[counted++].worker);
    if (bytes > limit.bytes) break;
  }
  found.resize(counted);
  return found;
}

Result<std::vector<HeartbeatRecord>> CommittedReader::Heartbeats(std::string_view id, std::int64_t before,
                                                                 int limit) const {
  return archive_.Heartbeats(id, before, limit);
}

Result<std::vector<Event>> CommittedReader::Events(std::string_view worker_id, std::int64_t bound,
                                                   bool newest_first, int limit) const {
  return archive_.Events(worker_id, bound, newest_first, limit);
}

Result<std::vector<RegionTotals>> CommittedReader::Totals() const {
  const ReaderMutexLock lock(shared_.mu);
  return WithHolds(shared_.model.Totals(), shared_.model.holds);
}

Result<std::vector<RegionHold>> CommittedReader::Holds() const {
  const ReaderMutexLock lock(shared_.mu);
  std::vector<RegionHold> holds;
  for (const auto& [region, until] : shared_.model.holds) holds.push_back({region, until});
  return holds;
}

Result<std::int64_t> CommittedReader::LastCursor() const {
  const ReaderMutexLock lock(shared_.mu);
  return shared_.model.last_cursor;
}

}  // namespace muster
