// Queries about workers: one by its id, a page of those that match a filter, and the fleet in numbers.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "domain/validation.h"
#include "domain/worker_size.h"
#include "muster/commands.h"
#include "muster/queries.h"
#include "store/store.h"
#include "usecases/paging.h"
#include "usecases/staging.h"

namespace muster {
namespace {

FieldError Check(const WorkerFilter& filter) {
  for (std::size_t i = 0; i < filter.statuses.size(); ++i) {
    if (FieldError complaint = CheckStatus("", filter.statuses[i])) {
      complaint->field = absl::StrCat("statuses[", i, "]");
      return complaint;
    }
  }
  if (!filter.region.empty()) {
    if (FieldError complaint = CheckRegion(filter.region)) return complaint;
  }
  if (!filter.capability.empty()) {
    if (FieldError complaint = CheckCapability("capability", filter.capability)) return complaint;
  }
  return CheckMetadata(filter.metadata);
}

// Statuses are a set: their order and repetitions do not make another filter.
std::vector<WorkerStatus> AsSet(std::vector<WorkerStatus> statuses) {
  std::sort(statuses.begin(), statuses.end());
  statuses.erase(std::unique(statuses.begin(), statuses.end()), statuses.end());
  return statuses;
}

TokenScope ScopeOf(const WorkerFilter& filter) {
  TokenScope scope("workers");
  scope.Add(static_cast<std::int64_t>(filter.statuses.size()));
  for (const WorkerStatus status : filter.statuses) scope.Add(static_cast<std::int64_t>(status));
  scope.Add(filter.region);
  scope.Add(filter.capability);
  for (const auto& [key, value] : filter.metadata) {
    scope.Add(key);
    scope.Add(value);
  }
  return scope;
}

/// Cuts the rows to what fits on a page, but leaves at least one; true if there are more.
bool CutToPage(std::vector<WorkerView>& rows, int size, std::int64_t bytes_with_each) {
  std::int64_t bytes = 0;
  std::size_t fit = 0;
  for (; fit < rows.size() && std::cmp_less(fit, size); ++fit) {
    bytes += WorkerBytes(*rows[fit].worker) + bytes_with_each;
    if (bytes > kMaxPageBytes && fit > 0) break;
  }
  const bool more = fit < rows.size();
  rows.resize(fit);
  return more;
}

}  // namespace

Result<WorkerView> GetWorker(const PointReads& reads, std::string_view worker_id) {
  return FindWorker(reads, worker_id);
}

Result<WorkerView> GetWorker(const ScanReads& reads, std::string_view worker_id) {
  return FindWorker(reads, worker_id);
}

Result<WorkerView> GetWorker(const WriteTx& tx, std::string_view worker_id) {
  return FindWorker(tx, worker_id);
}

Result<WorkerPage> ListWorkers(const ScanReads& reads, const WorkerFilter& filter, const PageRequest& page,
                               std::int64_t bytes_with_each) {
  if (FieldError complaint = Check(filter)) return *std::move(complaint);
  WorkerFilter asked = filter;
  asked.statuses = AsSet(std::move(asked.statuses));
  const TokenScope scope = ScopeOf(asked);
  const Result<PageStart> start = OpenPage(page, reads.TokenKey(), scope);
  if (!start.ok()) return start.error();

  // The store's list ends with the first worker that is too much for the page. So if there are more workers,
  // at least one is cut off.
  Result<std::vector<WorkerView>> rows =
      reads.List(asked, start->position.value_or(""), ListLimit(start->size + 1, kMaxPageBytes));
  if (!rows.ok()) return rows.error();
  WorkerPage result{*std::move(rows), ""};
  if (CutToPage(result.workers, start->size, bytes_with_each)) {
    result.next_page_token = SealPageToken(reads.TokenKey(), scope, result.workers.back().worker->id);
  }
  return result;
}

Result<std::vector<RegionTotals>> CountWorkers(const ScanReads& reads) {
  Result<std::vector<RegionTotals>> totals = reads.Totals();
  if (!totals.ok()) return totals;
  const Result<std::vector<RegionHold>> holds = reads.Holds();
  if (!holds.ok()) return holds.error();
  absl::flat_hash_map<std::string, ListeningTime> held_until;
  for (const RegionHold& hold : *holds) held_until.emplace(hold.region, hold.until);
  for (RegionTotals& region : *totals) {
    const auto hold = held_until.find(region.region);
    region.held = hold != held_until.end();
    region.held_until = region.held ? hold->second : ListeningTime();
  }
  return totals;
}

}  // namespace muster
