#include "store/postgres/registry_row.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/postgres/migrations.h"

namespace muster::postgres {
namespace {

#define MUSTER_ROLL_COLUMNS                                                                                 \
  "last_revision, last_cursor, workers, listening, allowance_credit, advancing, not_listening, "            \
  "(extract(epoch FROM clock_timestamp() - reported_at) * 1000000)::bigint, leader, leader_beat, runner, "  \
  "runner_beat, totals_revision = last_revision AND totals_cursor = last_cursor, (SELECT min_version FROM " \
  "schema_use), running, allowance_left, boot_id, proven_at, timeout_in_force, told_timeouts, replaced_at"

constexpr Sql kMakeRegistry = {
    "make_roll",
    "INSERT INTO roll (only_row, token_key, totals_revision, totals_cursor) VALUES "
    "(1, $1, 0, 0) ON CONFLICT (only_row) DO NOTHING"};
constexpr Sql kTokenKey = {"token_key", "SELECT token_key FROM roll"};

RollTimeouts ReadTimeouts(const Rows& rows) {
  RollTimeouts timeouts;
  timeouts.in_force = absl::Microseconds(rows.Int64(0, 18));
  const std::vector<std::int64_t> told = rows.Int64s(0, 19);
  const std::vector<std::int64_t> replaced_at = rows.Int64s(0, 20);
  if (told.size() != replaced_at.size()) rows.Reject(0, 20);
  for (std::size_t i = 0; i < std::min(told.size(), replaced_at.size()); ++i) {
    timeouts.told.push_back({absl::Microseconds(told[i]), ListeningTime::FromMicros(replaced_at[i])});
  }
  return timeouts;
}

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
const Sql kLockRegistry = {"lock_roll", "SELECT " MUSTER_ROLL_COLUMNS " FROM roll FOR UPDATE"};
const Sql kReadRegistry = {"read_roll", "SELECT " MUSTER_ROLL_COLUMNS " FROM roll"};

Reply<RegistryRow> ReadRegistry(const Rows& rows) {
  RegistryRow registry;
  if (rows.empty()) return registry;
  registry.min_version = rows.Int32(0, 13);
  if (std::cmp_greater(registry.min_version, EmbeddedMigrations().size()))
    return Outdated(registry.min_version);
  registry.last_revision = rows.Int64(0, 0);
  registry.last_cursor = rows.Int64(0, 1);
  registry.workers = rows.Int64(0, 2);
  if (const std::optional<std::int64_t> listening = rows.OptionalInt64(0, 3)) {
    registry.clock = ProvenState{ListeningTime::FromMicros(*listening), absl::Microseconds(rows.Int64(0, 4)),
                                 absl::Microseconds(rows.Int64(0, 15)), std::string(rows.Text(0, 16)),
                                 absl::Microseconds(rows.Int64(0, 17))};
    // A leader of an older version does not say it.
    registry.running =
        std::max(registry.clock->proven, ListeningTime::FromMicros(rows.OptionalInt64(0, 14).value_or(0)));
  }
  registry.advancing = rows.Bool(0, 5);
  registry.not_listening = rows.Text(0, 6);
  registry.age = absl::Microseconds(rows.Int64(0, 7));
  registry.leader = rows.Text(0, 8);
  registry.leader_beat = rows.Int64(0, 9);
  registry.runner = rows.Text(0, 10);
  registry.runner_beat = rows.Int64(0, 11);
  registry.totals_are_kept = rows.Bool(0, 12);
  registry.timeouts = ReadTimeouts(rows);
  return Checked(rows, std::move(registry));
}

bool IsHeld(const Failure& failure) {
  return failure.sqlstate == "55P03";
}

bool RegistryIsHeld(const Failure& failure) {
  return IsHeld(failure) && failure.statement == kLockRegistry.name;
}

const Sql kWriteRegistry = {
    "write_roll",
    "UPDATE roll SET last_revision = $1, last_cursor = $2, workers = $3, "
    "allowance_credit = CASE WHEN coalesce(listening, $4) <= $4 THEN $5 ELSE allowance_credit END, "
    "allowance_left = CASE WHEN coalesce(listening, $4) <= $4 THEN $9 ELSE allowance_left END, "
    "boot_id = CASE WHEN coalesce(listening, $4) <= $4 THEN $10 ELSE boot_id END, "
    "proven_at = CASE WHEN coalesce(listening, $4) <= $4 THEN $11 ELSE proven_at END, "
    "listening = greatest(listening, $4), runner = $6, runner_beat = $7, "
    "totals_revision = CASE WHEN $8 THEN $1 ELSE totals_revision END, "
    "totals_cursor = CASE WHEN $8 THEN $2 ELSE totals_cursor END"};

Parameters WriteRegistry(const RegistryRow& registry, const ProvenState* clock) {
  Parameters parameters;
  parameters.Int64(registry.last_revision).Int64(registry.last_cursor).Int64(registry.workers);
  const auto micros = [clock](absl::Duration ProvenState::*part) -> std::optional<std::int64_t> {
    if (clock == nullptr) return std::nullopt;
    return absl::ToInt64Microseconds(clock->*part);
  };
  parameters.Int64(clock != nullptr ? std::optional(clock->proven.micros()) : std::nullopt);
  parameters.Int64(micros(&ProvenState::credit));
  parameters.Text(registry.runner).Int64(registry.runner_beat).Bool(registry.totals_are_kept);
  parameters.Int64(micros(&ProvenState::allowance_left));
  parameters.Text(clock != nullptr ? std::optional<std::string_view>(clock->boot_id) : std::nullopt);
  parameters.Int64(micros(&ProvenState::proven_at));
  return parameters;
}

const Sql kWriteTimeouts = {"write_timeouts",
                            "UPDATE roll SET timeout_in_force = $1, told_timeouts = $2, replaced_at = $3"};

Parameters WriteTimeouts(const RollTimeouts& timeouts) {
  Int64Array told;
  Int64Array replaced_at;
  for (const ToldTimeout& each : timeouts.told) {
    told.Add(absl::ToInt64Microseconds(each.timeout));
    replaced_at.Add(each.replaced_at.micros());
  }
  Parameters parameters;
  parameters.Int64(absl::ToInt64Microseconds(timeouts.in_force)).Array(told).Array(replaced_at);
  return parameters;
}

Reply<std::string> TokenKeyOf(Connection& connection, std::string_view fresh, absl::Duration timeout) {
  Pipeline pipeline;
  Parameters parameters;
  parameters.Bytes(fresh);
  pipeline.Add(kMakeRegistry, std::move(parameters));
  const std::size_t key = pipeline.Add(kTokenKey);
  const Reply<std::vector<Rows>> answers = connection.Run(pipeline, timeout);
  if (!answers.ok()) return answers.error();
  const Rows& found = (*answers)[key];
  return Checked(found, std::string(found.Bytes(0, 0)));
}

}  // namespace muster::postgres
