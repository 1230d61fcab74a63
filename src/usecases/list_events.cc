// The record of changes, forwards or backwards.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/validation.h"
#include "muster/queries.h"
#include "store/store.h"
#include "usecases/paging.h"

namespace muster {
namespace {

FieldError Check(const EventFilter& filter) {
  if (!filter.worker_id.empty()) {
    if (FieldError complaint = CheckWorkerId(filter.worker_id)) return complaint;
  }
  if (filter.after_cursor >= 0) return std::nullopt;
  return InvalidArgument{"after_cursor", absl::StrCat("must be 0 or more, is ", filter.after_cursor)};
}

}  // namespace

Result<EventPage> ListEvents(const ScanReads& reads, const EventFilter& filter, const PageRequest& page) {
  if (FieldError complaint = Check(filter)) return *std::move(complaint);
  TokenScope scope("events");
  scope.Add(filter.worker_id);
  scope.Add(filter.after_cursor);
  scope.Add(std::int64_t{filter.newest_first});
  const std::int64_t first =
      filter.newest_first ? std::numeric_limits<std::int64_t>::max() : filter.after_cursor;
  const Result<NumberedPageStart> start = OpenNumberedPage(page, reads.TokenKey(), scope, first);
  if (!start.ok()) return start.error();

  Result<std::vector<Event>> rows =
      reads.Events(filter.worker_id, start->position, filter.newest_first, start->size + 1);
  if (!rows.ok()) return rows.error();
  EventPage result{*std::move(rows), ""};
  // Backwards, the list ends where the caller has already been.
  std::erase_if(result.events, [&](const Event& event) { return event.cursor <= filter.after_cursor; });
  if (CutToPage(result.events, start->size)) {
    result.next_page_token = SealPageToken(reads.TokenKey(), scope, PositionOf(result.events.back().cursor));
  }
  return result;
}

}  // namespace muster
