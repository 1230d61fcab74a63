#include "store/postgres/sweep_questions.h"

#include <algorithm>
#include <utility>

#include "store/postgres/worker_rows.h"

namespace muster::postgres {
namespace {

#define MUSTER_PENDING_HEARD "status = 'Pending' AND heartbeats > heartbeats_before"
// IsStale and IsFreshlyHeard of domain/liveness.h; a test compares them. $1 is the end of the last range of
// stale references and $2 that of the first, which has no beginning; $3 and $4 are the other ranges. Most
// workers are fresh, and one comparison shows it. With a single range the others are never looked at.
#define MUSTER_REFERENCE "greatest(heard_at, activated_by_hand_at, 0)"
#define MUSTER_IN_A_RANGE(time)                                                                         \
  "(" time                                                                                              \
  " <= $2 OR EXISTS (SELECT FROM unnest($3::bigint[], $4::bigint[]) AS stale (after, upto) WHERE " time \
  " > after AND " time " <= upto))"
#define MUSTER_SILENT \
  "status = 'Active' AND " MUSTER_REFERENCE " <= $1 AND " MUSTER_IN_A_RANGE(MUSTER_REFERENCE) " AND " \
  "(heard_at IS NULL OR " MUSTER_IN_A_RANGE("heard_at") ")"
#define MUSTER_OFFLINE_FRESH                                                       \
  "status = 'Offline' AND heartbeats > 0 AND (heard_at > $1 OR heard_at > $2 AND " \
  "NOT " MUSTER_IN_A_RANGE("heard_at") ")"
#define MUSTER_LOCK "ORDER BY id FOR UPDATE SKIP LOCKED"

constexpr Sql kPendingHeard = {"pending_heard",
                               "SELECT id FROM workers WHERE " MUSTER_PENDING_HEARD " LIMIT $1"};
constexpr Sql kLockPendingHeard = {"lock_pending_heard",
                                   "SELECT " MUSTER_WORKER_COLUMNS " FROM workers WHERE " MUSTER_PENDING_HEARD
                                   " AND id = ANY ($1) " MUSTER_LOCK};

constexpr Sql kSilent = {"silent",
                         "SELECT id FROM workers WHERE " MUSTER_SILENT " AND region <> ALL ($5) LIMIT $6"};
constexpr Sql kLockSilent = {"lock_silent",
                             "SELECT " MUSTER_WORKER_COLUMNS " FROM workers WHERE " MUSTER_SILENT
                             " AND region <> ALL ($5) AND id = ANY ($6) " MUSTER_LOCK};

constexpr Sql kOfflineFresh = {"offline_fresh",
                               "SELECT id FROM workers WHERE " MUSTER_OFFLINE_FRESH " LIMIT $5"};
constexpr Sql kLockOfflineFresh = {"lock_offline_fresh",
                                   "SELECT " MUSTER_WORKER_COLUMNS " FROM workers WHERE " MUSTER_OFFLINE_FRESH
                                   " AND id = ANY ($5) " MUSTER_LOCK};

// One look for all silent workers; where there are none, that is all. How many other workers their regions
// have is kept (see totals.h), and counted only where it is not.
constexpr Sql kSilentByRegion = {
    "silent_by_region",
    "SELECT silent.region, coalesce("
    "(SELECT t.workers FROM region_totals t, roll WHERE t.region = silent.region AND t.status = 'Active' "
    "AND totals_revision = last_revision AND totals_cursor = last_cursor), "
    "(SELECT count(*) FROM workers w WHERE w.region = silent.region AND w.status = 'Active')), "
    "silent.workers "
    "FROM (SELECT region, count(*) AS workers FROM workers WHERE " MUSTER_SILENT
    " GROUP BY region) AS silent"};

// $1 to $4.
Parameters Ranges(std::span<const ReferenceRange> stale) {
  Int64Array after;
  Int64Array to;
  for (const ReferenceRange& range : stale.subspan(1)) {
    after.Add(range.after.micros());
    to.Add(range.to.micros());
  }
  Parameters parameters;
  parameters.Int64(stale.back().to.micros()).Int64(stale.front().to.micros()).Array(after).Array(to);
  return parameters;
}

// The connection of the writer uses indexes only (see writer_session.cc). These statements look at all
// workers of a status: the server should choose the plan itself.
constexpr Sql kAnyPlan = {"any_plan",
                          "SELECT set_config(name, $1, true) FROM pg_settings "
                          "WHERE name IN ('enable_seqscan', 'enable_hashjoin', 'enable_mergejoin')"};

Reply<Rows> RunWithAnyPlan(Session& session, const Sql& sql, Parameters parameters) {
  const auto any_plan = [](std::string_view on_or_off) {
    Parameters setting;
    setting.Text(on_or_off);
    return setting;
  };
  Pipeline pipeline;
  pipeline.Add(kAnyPlan, any_plan("on"));
  const std::size_t at = pipeline.Add(sql, std::move(parameters));
  pipeline.Add(kAnyPlan, any_plan("off"));
  Reply<std::vector<Rows>> answers = session.Run(pipeline);
  if (!answers.ok()) return std::move(answers).error();
  return std::move((*answers)[at]);
}

}  // namespace

SweepQuestion PendingHeard() {
  return {&kPendingHeard, &kLockPendingHeard, {}};
}

SweepQuestion Silent(std::span<const ReferenceRange> stale, const absl::flat_hash_set<std::string>& except) {
  SweepQuestion question = {&kSilent, &kLockSilent, Ranges(stale)};
  question.arguments.Texts(std::vector<std::string>(except.begin(), except.end()));
  return question;
}

SweepQuestion OfflineFresh(std::span<const ReferenceRange> stale) {
  return {&kOfflineFresh, &kLockOfflineFresh, Ranges(stale)};
}

Reply<std::vector<std::string>> Probe(Session& session, const SweepQuestion& question, int limit) {
  Parameters parameters = question.arguments;
  parameters.Int64(limit);
  const Reply<Rows> rows = RunWithAnyPlan(session, *question.probe, std::move(parameters));
  if (!rows.ok()) return rows.error();
  std::vector<std::string> ids;
  ids.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) ids.emplace_back(rows->Text(row, 0));
  return Checked(*rows, std::move(ids));
}

void AddLock(const SweepQuestion& question, const std::vector<std::string_view>& ids, Pipeline& pipeline) {
  TextArray array;
  for (const std::string_view id : ids) array.Add(id);
  Parameters parameters = question.arguments;
  parameters.Array(array);
  pipeline.Add(*question.lock, std::move(parameters));
}

Reply<std::vector<RegionSilence>> SilentByRegion(Session& session, std::span<const ReferenceRange> stale) {
  const Reply<Rows> rows = RunWithAnyPlan(session, kSilentByRegion, Ranges(stale));
  if (!rows.ok()) return rows.error();
  std::vector<RegionSilence> regions;
  regions.reserve(static_cast<std::size_t>(rows->size()));
  for (int row = 0; row < rows->size(); ++row) {
    regions.push_back({std::string(rows->Text(row, 0)), rows->Int64(row, 1), rows->Int64(row, 2)});
  }
  return Checked(*rows, std::move(regions));
}

bool SilenceSeen::Excludes(std::span<const ReferenceRange> ranges,
                           const absl::flat_hash_set<std::string>& except) const {
  return std::equal(ranges.begin(), ranges.end(), stale.begin(), stale.end()) &&
         std::all_of(regions.begin(), regions.end(),
                     [&](const std::string& region) { return except.contains(region); });
}

std::vector<std::string_view> Candidates::Take(std::size_t count) {
  const std::size_t end = std::min(ids_.size(), next_ + count);
  const std::vector<std::string_view> taken(ids_.begin() + static_cast<std::ptrdiff_t>(next_),
                                            ids_.begin() + static_cast<std::ptrdiff_t>(end));
  next_ = end;
  return taken;
}

}  // namespace muster::postgres
