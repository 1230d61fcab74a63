// Workers that match a filter, by id.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/validation.h"
#include "domain/worker_size.h"
#include "muster/queries.h"
#include "store/store.h"
#include "usecases/paging.h"

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

// Statuses are a set: neither their order nor how often one is named makes another filter.
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

/// Cuts the rows to what fits on a page, but for one worker at least; true if there are more.
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

Result<WorkerPage> ListWorkers(const ScanReads& reads, const WorkerFilter& filter, const PageRequest& page,
                               std::int64_t bytes_with_each) {
  if (FieldError complaint = Check(filter)) return *std::move(complaint);
  WorkerFilter asked = filter;
  asked.statuses = AsSet(std::move(asked.statuses));
  const TokenScope scope = ScopeOf(asked);
  const Result<PageStart> start = OpenPage(page, reads.TokenKey(), scope);
  if (!start.ok()) return start.error();

  // The store's list ends with the first worker that is too much for the page, so one is always cut off where
  // there are more.
  Result<std::vector<WorkerView>> rows =
      reads.List(asked, start->position.value_or(""), ListLimit(start->size + 1, kMaxPageBytes));
  if (!rows.ok()) return rows.error();
  WorkerPage result{*std::move(rows), ""};
  if (CutToPage(result.workers, start->size, bytes_with_each)) {
    result.next_page_token = SealPageToken(reads.TokenKey(), scope, result.workers.back().worker->id);
  }
  return result;
}

}  // namespace muster
