#include "store/postgres/roll_row.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "store/postgres/migrations.h"

namespace muster::postgres {
namespace {

#define MUSTER_ROLL_COLUMNS                                                                                 \
  "last_revision, last_cursor, workers, listening, allowance_credit, advancing, not_listening, "            \
  "(extract(epoch FROM clock_timestamp() - reported_at) * 1000000)::bigint, leader, leader_beat, runner, "  \
  "runner_beat, totals_revision = last_revision AND totals_cursor = last_cursor, (SELECT min_version FROM " \
  "schema_use)"

constexpr Sql kMakeRoll = {"make_roll",
                           "INSERT INTO roll (only_row, token_key, totals_revision, totals_cursor) VALUES "
                           "(1, $1, 0, 0) ON CONFLICT (only_row) DO NOTHING"};
constexpr Sql kTokenKey = {"token_key", "SELECT token_key FROM roll"};

Failure Outdated(std::int32_t min_version) {
  Failure failure;
  failure.kind = FailureKind::kOutdated;
  failure.detail = absl::StrCat("the schema was upgraded: it is for programs that know version ", min_version,
                                " at least, and this one knows versions up to ", EmbeddedMigrations().size(),
                                "; run the newer program");
  return failure;
}

}  // namespace

const Sql kPatiently = {"wait_patiently", "SET LOCAL lock_timeout = '2s'"};
const Sql kBriefly = {"wait_briefly", "SET LOCAL lock_timeout = '100ms'"};
const Sql kLockTimeoutAgain = {"wait_again", "SET LOCAL lock_timeout = '300ms'"};
const Sql kLockRoll = {"lock_roll", "SELECT " MUSTER_ROLL_COLUMNS " FROM roll FOR UPDATE"};
const Sql kReadRoll = {"read_roll", "SELECT " MUSTER_ROLL_COLUMNS " FROM roll"};

Reply<RollRow> ReadRoll(const Rows& rows) {
  RollRow roll;
  if (rows.empty()) return roll;
  roll.min_version = rows.Int32(0, 13);
  if (std::cmp_greater(roll.min_version, EmbeddedMigrations().size())) return Outdated(roll.min_version);
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
  roll.totals_are_kept = rows.Bool(0, 12);
  return Checked(rows, std::move(roll));
}

bool IsHeld(const Failure& failure) {
  return failure.sqlstate == "55P03";
}

bool RollIsHeld(const Failure& failure) {
  return IsHeld(failure) && failure.statement == kLockRoll.name;
}

const Sql kWriteRoll = {
    "write_roll",
    "UPDATE roll SET last_revision = $1, last_cursor = $2, workers = $3, "
    "allowance_credit = CASE WHEN coalesce(listening, $4) <= $4 THEN $5 ELSE allowance_credit END, "
    "listening = greatest(listening, $4), runner = $6, runner_beat = $7, "
    "totals_revision = CASE WHEN $8 THEN $1 ELSE totals_revision END, "
    "totals_cursor = CASE WHEN $8 THEN $2 ELSE totals_cursor END"};

Parameters WriteRoll(const RollRow& roll, const ListeningState& clock) {
  Parameters parameters;
  parameters.Int64(roll.last_revision).Int64(roll.last_cursor).Int64(roll.workers);
  parameters.Int64(clock.now.micros()).Int64(absl::ToInt64Microseconds(clock.allowance_credit));
  parameters.Text(roll.runner).Int64(roll.runner_beat).Bool(roll.totals_are_kept);
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
  const Rows& found = (*answers)[key];
  return Checked(found, std::string(found.Bytes(0, 0)));
}

}  // namespace muster::postgres
