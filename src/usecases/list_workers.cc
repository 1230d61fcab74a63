// Workers that match a filter, by id.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/validation.h"
#include "muster/queries.h"
#include "store/store.h"
#include "usecases/paging.h"

namespace muster {
namespace {

Complaint Check(const WorkerFilter& filter) {
  for (std::size_t i = 0; i < filter.statuses.size(); ++i) {
    if (Complaint complaint = CheckStatus("", filter.statuses[i])) {
      complaint->field = absl::StrCat("statuses[", i, "]");
      return complaint;
    }
  }
  if (!filter.region.empty()) {
    if (Complaint complaint = CheckRegion(filter.region)) return complaint;
  }
  if (!filter.capability.empty()) {
    if (Complaint complaint = CheckCapability("capability", filter.capability)) return complaint;
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

}  // namespace

Result<WorkerPage> ListWorkers(const ReadTx& tx, const WorkerFilter& filter, const PageRequest& page) {
  if (Complaint complaint = Check(filter)) return *std::move(complaint);
  WorkerFilter asked = filter;
  asked.statuses = AsSet(std::move(asked.statuses));
  const TokenScope scope = ScopeOf(asked);
  const Result<PageStart> start = OpenPage(page, tx.TokenKey(), scope);
  if (!start.ok()) return start.error();

  Result<std::vector<WorkerView>> rows = tx.List(asked, start->position.value_or(""), start->size + 1);
  if (!rows.ok()) return rows.error();
  WorkerPage result{*std::move(rows), ""};
  if (CutToPage(result.workers, start->size)) {
    result.next_page_token = SealPageToken(tx.TokenKey(), scope, result.workers.back().worker->id);
  }
  return result;
}

}  // namespace muster
