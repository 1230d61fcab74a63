#include "store/postgres/roll_row.h"

#include <utility>

namespace muster::postgres {
namespace {

#define MUSTER_ROLL_COLUMNS                                                                                \
  "last_revision, last_cursor, workers, listening, allowance_credit, advancing, not_listening, "           \
  "(extract(epoch FROM clock_timestamp() - reported_at) * 1000000)::bigint, leader, leader_beat, runner, " \
  "runner_beat"

constexpr Sql kMakeRoll = {
    "make_roll", "INSERT INTO roll (only_row, token_key) VALUES (1, $1) ON CONFLICT (only_row) DO NOTHING"};
constexpr Sql kTokenKey = {"token_key", "SELECT token_key FROM roll"};

}  // namespace

const Sql kLockRoll = {"lock_roll", "SELECT " MUSTER_ROLL_COLUMNS " FROM roll FOR UPDATE"};
const Sql kReadRoll = {"read_roll", "SELECT " MUSTER_ROLL_COLUMNS " FROM roll"};

RollRow ReadRoll(const Rows& rows) {
  RollRow roll;
  if (rows.empty()) return roll;
  roll.last_revision = rows.Int64(0, 0);
  roll.last_cursor = rows.Int64(0, 1);
  roll.workers = rows.Int64(0, 2);
  if (const std::optional<std::int64_t> listening = rows.OptionalInt64(0, 3)) {
    roll.clock = ListeningState{ListeningTime::FromMicros(*listening), absl::Microseconds(rows.Int64(0, 4))};
  }
  roll.advancing = rows.Bool(0, 5);
  roll.not_listening = rows.Text(0, 6);
  roll.age = absl::Microseconds(rows.Int64(0, 7));
  roll.leader = rows.Text(0, 8);
  roll.leader_beat = rows.Int64(0, 9);
  roll.runner = rows.Text(0, 10);
  roll.runner_beat = rows.Int64(0, 11);
  return roll;
}

const Sql kWriteRoll = {
    "write_roll",
    "UPDATE roll SET last_revision = $1, last_cursor = $2, workers = $3, "
    "allowance_credit = CASE WHEN coalesce(listening, $4) <= $4 THEN $5 ELSE allowance_credit END, "
    "listening = greatest(listening, $4), runner = $6, runner_beat = $7"};

Parameters WriteRoll(std::int64_t last_revision, std::int64_t last_cursor, std::int64_t workers,
                     const ListeningState& clock, std::string_view runner, std::int64_t runner_beat) {
  Parameters parameters;
  parameters.Int64(last_revision).Int64(last_cursor).Int64(workers);
  parameters.Int64(clock.now.micros()).Int64(absl::ToInt64Microseconds(clock.allowance_credit));
  parameters.Text(runner).Int64(runner_beat);
  return parameters;
}

Reply<std::string> TokenKeyOf(Connection& connection, std::string_view fresh, absl::Duration timeout) {
  Pipeline pipeline;
  Parameters parameters;
  parameters.Bytes(fresh);
  pipeline.Add(kMakeRoll, std::move(parameters));
  const std::size_t key = pipeline.Add(kTokenKey);
  const Reply<std::vector<Rows>> answers = connection.Run(pipeline, timeout);
  if (!answers.ok()) return answers.failure();
  return std::string((*answers)[key].Bytes(0, 0));
}

}  // namespace muster::postgres
