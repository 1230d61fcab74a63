#include "store/postgres/beats.h"

#include <algorithm>
#include <utility>

namespace muster::postgres {
namespace {

// The history is trimmed in tens: the tenth heartbeat of a worker removes ten old ones, so that this is one
// look at the index and not ten. Readers leave out rows that are too old but not yet removed.
//
// The moment on the listening clock is never before the stored one: a daemon that was stopped between reading
// its clock and writing must not make its workers look silent.
//
// The division by zero is the check: it makes the whole statement fail.
constexpr Sql kRecordBeats = {"record_beats",
                              "WITH beat AS ("
                              "UPDATE workers w SET last_heartbeat_at = $5, "
                              "heard_at = greatest(w.heard_at, $6, (SELECT listening FROM roll)), "
                              "heartbeats = w.heartbeats + b.beats, in_use = coalesce(b.in_use, w.in_use) "
                              "FROM unnest($1, $2, $3, $4) AS b (id, revision, beats, in_use) "
                              "WHERE w.id = b.id AND w.revision = b.revision "
                              "RETURNING w.id, w.heartbeats, b.beats), "
                              "recorded AS ("
                              "INSERT INTO worker_heartbeats (worker_id, ordinal, recorded_at) "
                              "SELECT beat.id, beat.heartbeats - n.back, $5 "
                              "FROM beat CROSS JOIN LATERAL generate_series(0, beat.beats - 1) AS n (back)), "
                              "trimmed AS ("
                              "DELETE FROM worker_heartbeats h USING beat "
                              "WHERE beat.heartbeats % 10 < beat.beats AND beat.heartbeats > $7 "
                              "AND h.worker_id = beat.id AND h.ordinal <= beat.heartbeats - $7) "
                              "SELECT 1 / (count(*) = cardinality($1))::int FROM beat"};

constexpr std::string_view kCheckFailed = "22012";  // division by zero

}  // namespace

void AddBeats(std::vector<BeatsOfWorker> beats, const Moment& at, std::int64_t history, Pipeline& pipeline) {
  std::sort(beats.begin(), beats.end(),
            [](const BeatsOfWorker& a, const BeatsOfWorker& b) { return a.id < b.id; });
  TextArray ids;
  Int64Array revisions;
  Int64Array counts;
  Int32Array in_use;
  for (const BeatsOfWorker& each : beats) {
    ids.Add(each.id);
    revisions.Add(each.revision);
    counts.Add(each.beats);
    in_use.AddOptional(each.in_use);
  }
  Parameters parameters;
  parameters.Array(ids).Array(revisions).Array(counts).Array(in_use);
  parameters.Time(at.wall).Int64(at.listening.micros()).Int64(history);
  pipeline.Add(kRecordBeats, std::move(parameters));
}

bool LostRace(const Failure& failure) {
  return failure.sqlstate == kCheckFailed;
}

}  // namespace muster::postgres
