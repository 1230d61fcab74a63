#include "store/postgres/totals.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "store/postgres/worker_rows.h"

namespace muster::postgres {
namespace {

constexpr Sql kCountRegions = {
    "count_regions",
    "SELECT t.region, t.status, t.workers, t.capacity, t.in_use, t.free_capacity, h.until "
    "FROM (SELECT region, status, count(*) AS workers, sum(capacity) AS capacity, "
    "sum(coalesce(in_use, 0)) AS in_use, sum(greatest(capacity - coalesce(in_use, 0), 0)) AS free_capacity "
    "FROM workers GROUP BY region, status) t LEFT JOIN region_holds h ON h.region = t.region "
    "ORDER BY t.region"};

// The same from the kept numbers.
constexpr Sql kKeptRegions = {"kept_regions",
                              "SELECT t.region, t.status, t.workers, t.capacity, coalesce(u.in_use, 0), "
                              "coalesce(u.free_capacity, t.capacity), "
                              "h.until FROM region_totals t LEFT JOIN region_usage u ON u.region = t.region "
                              "LEFT JOIN region_holds h ON h.region = t.region ORDER BY t.region"};
// Whether they can be used: the kept numbers match the last change, and what is in use was counted lately.
constexpr Sql kAreKept = {
    "are_kept",
    "SELECT totals_revision = last_revision AND totals_cursor = last_cursor AND workers > $1 "
    "AND coalesce((SELECT max(counted_at) FROM region_usage) > clock_timestamp() - $2 * "
    "interval '1 second', false) FROM roll"};

constexpr Sql kAddTotals = {
    "add_totals",
    "INSERT INTO region_totals AS t (region, status, workers, capacity) "
    "SELECT * FROM unnest($1, $2, $3, $4) ON CONFLICT (region, status) DO UPDATE SET "
    "workers = t.workers + excluded.workers, capacity = t.capacity + excluded.capacity"};
constexpr Sql kDropEmpty = {"drop_empty_totals",
                            "DELETE FROM region_totals WHERE workers = 0 AND region = ANY ($1)"};

constexpr Sql kForgetTotals = {"forget_totals", "DELETE FROM region_totals"};
constexpr Sql kCountTotals = {"count_totals",
                              "INSERT INTO region_totals SELECT region, status, count(*), sum(capacity) "
                              "FROM workers GROUP BY region, status"};
constexpr Sql kTotalsAreKept = {
    "totals_are_kept", "UPDATE roll SET totals_revision = last_revision, totals_cursor = last_cursor"};

constexpr Sql kCountUsage = {
    "count_usage",
    "WITH counted AS (SELECT region, sum(coalesce(in_use, 0)) AS in_use, "
    "sum(greatest(capacity - coalesce(in_use, 0), 0)) AS free_capacity FROM workers WHERE status = 'Active' "
    "GROUP BY region), "
    "gone AS (DELETE FROM region_usage u WHERE NOT EXISTS (SELECT FROM counted WHERE region = u.region)) "
    "INSERT INTO region_usage SELECT region, in_use, free_capacity, clock_timestamp() FROM counted "
    "ON CONFLICT (region) DO UPDATE SET in_use = excluded.in_use, free_capacity = excluded.free_capacity, "
    "counted_at = excluded.counted_at"};

Reply<std::vector<RegionTotals>> ReadRegions(const Rows& rows) {
  std::vector<RegionTotals> regions;
  for (int row = 0; row < rows.size(); ++row) {
    if (regions.empty() || regions.back().region != rows.Text(row, 0)) {
      regions.emplace_back().region = rows.Text(row, 0);
      if (const std::optional<std::int64_t> until = rows.OptionalInt64(row, 6)) {
        regions.back().held = true;
        regions.back().held_until = ListeningTime::FromMicros(*until);
      }
    }
    RegionTotals& region = regions.back();
    const WorkerStatus status = ReadStatus(rows, row, 1);
    region.by_status[static_cast<std::size_t>(status)] = rows.Int64(row, 2);
    if (status != WorkerStatus::kActive) continue;
    region.capacity = rows.Int64(row, 3);
    region.in_use = rows.Int64(row, 4);
    region.free_capacity = rows.Int64(row, 5);
  }
  return Checked(rows, std::move(regions));
}

}  // namespace

Reply<std::vector<RegionTotals>> ReadTotals(Session& session, std::int64_t counted_at_each_ask) {
  Parameters limits;
  limits.Int64(counted_at_each_ask).Int64(absl::ToInt64Seconds(kMaxUsageAge));
  Pipeline pipeline;
  pipeline.Add(kBeginSnapshot);
  const std::size_t are_kept = pipeline.Add(kAreKept, std::move(limits));
  const std::size_t regions = pipeline.Add(kKeptRegions);
  pipeline.Add(kCommit);
  const Reply<std::vector<Rows>> answers = session.Run(pipeline);
  if (!answers.ok()) return answers.error();
  const Rows& kept = (*answers)[are_kept];
  const Reply<bool> usable = Checked(kept, !kept.empty() && kept.Bool(0, 0));
  if (!usable.ok()) return usable.error();
  return *usable ? ReadRegions((*answers)[regions]) : CountRegions(session);
}

Reply<std::vector<RegionTotals>> CountRegions(Session& session) {
  const Reply<Rows> rows = session.Run(kCountRegions, {});
  if (!rows.ok()) return rows.error();
  return ReadRegions(*rows);
}

void AddTotals(const Staged& staged, Pipeline& pipeline) {
  struct Change {
    std::int64_t workers = 0;
    std::int64_t capacity = 0;
  };
  std::map<std::pair<std::string_view, WorkerStatus>, Change> changes;
  const auto add = [&](const Worker* worker, std::int64_t sign) {
    if (worker == nullptr) return;
    Change& change = changes[{worker->config.region, worker->status}];
    change.workers += sign;
    change.capacity += sign * worker->config.capacity;
  };
  for (const Staged::Entry& entry : staged.entries()) {
    if (!entry.to_write && !entry.to_remove) continue;
    add(entry.was.get(), -1);
    add(entry.worker.get(), 1);
  }
  TextArray regions;
  TextArray statuses;
  Int64Array workers;
  Int64Array capacities;
  for (const auto& [key, change] : changes) {
    if (change.workers == 0 && change.capacity == 0) continue;
    regions.Add(key.first);
    statuses.Add(StatusName(key.second));
    workers.Add(change.workers);
    capacities.Add(change.capacity);
  }
  if (regions.size() == 0) return;
  Parameters added;
  added.Array(regions).Array(statuses).Array(workers).Array(capacities);
  pipeline.Add(kAddTotals, std::move(added));
  Parameters touched;
  touched.Array(regions);
  pipeline.Add(kDropEmpty, std::move(touched));
}

void AddTotalsAnew(Pipeline& pipeline) {
  pipeline.Add(kForgetTotals);
  pipeline.Add(kCountTotals);
  pipeline.Add(kTotalsAreKept);
}

Reply<Nothing> CountUsage(Session& session) {
  const Reply<Rows> counted = session.Run(kCountUsage, {});
  if (!counted.ok()) return counted.error();
  return Nothing{};
}

}  // namespace muster::postgres
