#include "roll.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "domain/text.h"
#include "domain/validation.h"
#include "muster/check.h"
#include "muster/queries.h"
#include "registry/fleet_summary.h"
#include "runtime/log.h"

namespace muster::fuzz {
namespace {

constexpr int kHistory = 5;

Settings ShortTimes() {
  Settings settings;
  settings.heartbeat_timeout = absl::Seconds(15);
  settings.activation_interval = settings.stale_interval = settings.reactivation_interval = absl::Seconds(5);
  settings.min_heartbeat_interval = absl::Seconds(5);
  settings.guard_min_workers = 3;
  return settings;
}

using Rows = std::map<std::string, WorkerView>;

void CheckRow(const WorkerView& row) {
  const Worker& worker = *row.worker;
  MUSTER_CHECK(!CheckWorkerId(worker.id), "ids are valid");
  MUSTER_CHECK(!CheckConfig(worker.config), "configurations are valid");
  MUSTER_CHECK(std::is_sorted(worker.config.capabilities.begin(), worker.config.capabilities.end()),
               "capabilities are sorted");
  MUSTER_CHECK(!CheckInstanceId(worker.instance_id), "instance ids are valid");
  MUSTER_CHECK(!CheckStatus("status", worker.status), "a status is one of four");
  MUSTER_CHECK(IsText(worker.status_reason), "reasons are text");
  MUSTER_CHECK(worker.revision > 0, "every worker has a revision");
  MUSTER_CHECK(worker.heartbeats_before <= row.pulse.total, "heartbeats are counted up");
  MUSTER_CHECK(row.pulse.in_use.value_or(0) >= 0, "what is in use is not negative");
}

Rows CheckedRows(const ScanReads& reads) {
  Rows rows;
  std::set<std::int64_t> revisions;
  PageRequest page{3, ""};
  std::string last;
  do {
    const Result<WorkerPage> found = ListWorkers(reads, {}, page);
    MUSTER_CHECK(found.ok(), "the workers can be listed");
    for (const WorkerView& row : found->workers) {
      CheckRow(row);
      MUSTER_CHECK(row.worker->id > last, "a list is ordered by id");
      MUSTER_CHECK(revisions.insert(row.worker->revision).second, "no revision is given twice");
      last = row.worker->id;
      rows.emplace(last, row);
    }
    page.page_token = found->next_page_token;
  } while (!page.page_token.empty());
  return rows;
}

void CheckTotals(const ScanReads& reads, const Rows& rows) {
  std::map<std::string, RegionTotals> expected;
  for (const auto& [id, row] : rows) {
    RegionTotals& region = expected[row.worker->config.region];
    ++region.by_status[static_cast<int>(row.worker->status)];
    if (row.worker->status != WorkerStatus::kActive) continue;
    const std::int64_t in_use = row.pulse.in_use.value_or(0);
    region.capacity += row.worker->config.capacity;
    region.in_use += in_use;
    region.free_capacity += std::max<std::int64_t>(0, row.worker->config.capacity - in_use);
  }
  const Result<std::vector<RegionTotals>> totals = CountWorkers(reads);
  MUSTER_CHECK(totals.ok(), "the workers can be counted");
  MUSTER_CHECK(totals->size() == expected.size(), "every region with workers is counted");
  for (const RegionTotals& region : *totals) {
    const RegionTotals& sum = expected[region.region];
    MUSTER_CHECK(std::equal(std::begin(sum.by_status), std::end(sum.by_status), std::begin(region.by_status)),
                 "the totals agree with the rows");
    MUSTER_CHECK(sum.capacity == region.capacity && sum.in_use == region.in_use &&
                     sum.free_capacity == region.free_capacity,
                 "the sums agree with the rows");
  }
}

std::vector<Event> CheckedEvents(const ScanReads& reads, std::int64_t max_events) {
  std::vector<Event> events;
  PageRequest page{7, ""};
  do {
    const Result<EventPage> found = ListEvents(reads, {}, page);
    MUSTER_CHECK(found.ok(), "the events can be listed");
    events.insert(events.end(), found->events.begin(), found->events.end());
    page.page_token = found->next_page_token;
  } while (!page.page_token.empty());
  const std::int64_t last = *reads.LastCursor();
  MUSTER_CHECK(static_cast<std::int64_t>(events.size()) == std::min(last, max_events),
               "as many events are kept as there is room for");
  std::int64_t expected = last - static_cast<std::int64_t>(events.size());
  for (const Event& event : events) MUSTER_CHECK(event.cursor == ++expected, "cursors have no gaps");
  return events;
}

/// Who follows the events from the first one knows the rows.
void CheckReplay(const std::vector<Event>& events, const Rows& rows) {
  std::map<std::string, WorkerStatus> known;
  std::map<std::string, std::int64_t> revisions;
  for (const Event& event : events) {
    if (event.worker_id.empty()) continue;
    const auto before = known.find(event.worker_id);
    MUSTER_CHECK((before == known.end()) == (event.type == EventType::kRegistered),
                 "a worker is registered once, before anything else");
    if (event.from) MUSTER_CHECK(before->second == *event.from, "a move begins where the last one ended");
    if (event.to) known[event.worker_id] = *event.to;
    if (event.type == EventType::kUnregistered) known.erase(before);
    MUSTER_CHECK(event.revision >= revisions[event.worker_id], "revisions grow");
    revisions[event.worker_id] = event.revision;
  }
  MUSTER_CHECK(known.size() == rows.size(), "the events name every worker");
  for (const auto& [id, status] : known) {
    const auto row = rows.find(id);
    MUSTER_CHECK(row != rows.end(), "the events name no other worker");
    MUSTER_CHECK(row->second.worker->status == status, "the events tell the status");
    MUSTER_CHECK(row->second.worker->revision == revisions[id], "the events tell the revision");
  }
}

void CheckHistories(const ScanReads& reads, const Rows& rows) {
  for (const auto& [id, row] : rows) {
    const Result<HeartbeatPage> found = ListHeartbeats(reads, id, {});
    MUSTER_CHECK(found.ok(), "a history can be read");
    MUSTER_CHECK(static_cast<std::int64_t>(found->heartbeats.size()) ==
                     std::min<std::int64_t>(row.pulse.total, kHistory),
                 "as many heartbeats are kept as there is room for");
    std::int64_t ordinal = row.pulse.total;
    absl::Time newest = row.pulse.last_at;
    for (const HeartbeatRecord& record : found->heartbeats) {
      MUSTER_CHECK(record.ordinal == ordinal--, "heartbeats are counted without gaps");
      MUSTER_CHECK(record.at <= newest, "the newest heartbeat comes first");
      newest = record.at;
    }
  }
}

}  // namespace

Roll::Roll(std::int64_t max_events) : max_events_(max_events), executor_(clock_) {
  ConfigureLog(LogFormat::kText, LogLevel::kError);
  StoreOptions options;
  options.history = kHistory;
  options.max_events = max_events;
  std::unique_ptr<Store> store = *OpenStore("memory:", options, {clock_, random_, executor_});
  reads_ = &store->Reader();
  registry_ = std::make_unique<Registry>(std::move(store), clock_, random_, executor_, ShortTimes());
  jobs_ = std::make_unique<ScheduledJobs>(*registry_, clock_, executor_);
  probe_ = std::make_unique<SelfProbe>(*registry_, clock_, executor_);
  probe_->Start("");
  jobs_->Start();
  Turn();
}

Roll::~Roll() {
  jobs_->Stop();
  bool drained = false;
  registry_->Drain([&drained] { drained = true; });
  Turn();
  MUSTER_CHECK(drained, "a roll comes to an end");
}

std::int64_t Roll::LastCursor() const {
  return *reads_->LastCursor();
}

void Roll::Pass(absl::Duration time) {
  const absl::Duration end = clock_.MonotonicNow() + time;
  for (;;) {
    Turn();
    const std::optional<absl::Duration> next = executor_.NextDeadline();
    const absl::Duration now = clock_.MonotonicNow();
    if (now >= end) return;
    clock_.Advance(std::min(end, next.value_or(end)) - now);
  }
}

void Roll::Check() const {
  const Rows rows = CheckedRows(*reads_);
  CheckTotals(*reads_, rows);
  const std::vector<Event> events = CheckedEvents(*reads_, max_events_);
  if (events.empty() || events.front().cursor == 1) CheckReplay(events, rows);
  CheckHistories(*reads_, rows);
  const Result<FleetSummary> summary = SumUpFleet(*reads_, *registry_);
  MUSTER_CHECK(summary.ok(), "the fleet can be summed up");
  MUSTER_CHECK(summary->workers == static_cast<std::int64_t>(rows.size()), "the summary counts every worker");
  MUSTER_CHECK(summary->last_event_cursor == *reads_->LastCursor(), "the summary knows the last event");
}

}  // namespace muster::fuzz
