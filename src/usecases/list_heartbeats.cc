// The kept heartbeats of one worker, newest first.
#include <limits>
#include <utility>

#include "domain/validation.h"
#include "muster/queries.h"
#include "store/store.h"
#include "usecases/paging.h"

namespace muster {

Result<HeartbeatPage> ListHeartbeats(const ScanReads& reads, std::string_view worker_id,
                                     const PageRequest& page) {
  if (FieldError complaint = CheckWorkerId(worker_id)) return *std::move(complaint);
  TokenScope scope("heartbeats");
  scope.Add(worker_id);
  const Result<NumberedPageStart> start =
      OpenNumberedPage(page, reads.TokenKey(), scope, std::numeric_limits<std::int64_t>::max());
  if (!start.ok()) return start.error();

  Result<std::vector<HeartbeatRecord>> rows = reads.Heartbeats(worker_id, start->position, start->size + 1);
  if (!rows.ok()) return rows.error();
  HeartbeatPage result{*std::move(rows), ""};
  if (CutToPage(result.heartbeats, start->size)) {
    result.next_page_token =
        SealPageToken(reads.TokenKey(), scope, PositionOf(result.heartbeats.back().ordinal));
  }
  return result;
}

}  // namespace muster
