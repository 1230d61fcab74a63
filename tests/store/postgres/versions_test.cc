// Programs of two versions on one schema. A step that only adds leaves the older ones running; a step that
// takes something away shuts them out. What an older program does not know is never taken for something else.
#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "store/postgres/migrations.h"
#include "store/postgres/shared_registry.h"

namespace muster::testing {
namespace {

using postgres::EmbeddedMigrations;
using postgres::Migrate;
using postgres::Sql;

constexpr Sql kDaemons = {"daemons", "SELECT count(*)::text FROM daemons"};
constexpr Sql kLeader = {"leader", "SELECT leader FROM roll"};

// The migrations of a newer program: the steps of this one, and one more.
std::vector<Migration> Newer(std::string_view sql) {
  std::vector<Migration> all(EmbeddedMigrations().begin(), EmbeddedMigrations().end());
  all.push_back({static_cast<int>(all.size()) + 1, "the next.sql", sql});
  return all;
}

constexpr std::string_view kExpand =
    "ALTER TABLE workers ADD COLUMN zone TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE roll ADD COLUMN epoch BIGINT NOT NULL DEFAULT 1;"
    "ALTER TABLE daemons ADD COLUMN version TEXT;"
    "CREATE TABLE zones (zone TEXT PRIMARY KEY);";

std::string Contract() {
  return absl::StrCat("ALTER TABLE workers DROP COLUMN registered_from; UPDATE schema_use SET min_version = ",
                      EmbeddedMigrations().size() + 1);
}

void Works(SharedRegistry& registry, const std::string& id) {
  registry.Register({id});
  WriteTx& tx = registry[0].BeginBatch({{id}, /*only_heartbeats=*/true});
  const Result<std::optional<WorkerView>> found = tx.Find(id);
  REQUIRE((found.ok() && *found));
  tx.RecordHeartbeat(**found, registry.now, 3);
  REQUIRE(registry[0].Commit(registry.listening()).committed());
  CHECK(registry[0].coordination()->RenewMembership({}, {}, absl::Seconds(1)).ok());
  CHECK(registry[0].BeginStep().PendingHeard(100)->size() >= 1);
  registry[0].Rollback();
  CHECK(registry[0].Reader().Find(id)->value().pulse.in_use == 3);
}

TEST_CASE("a step that only adds leaves an older program running, and lets it start") {
  SharedRegistry registry;
  Works(registry, "before");
  REQUIRE(Migrate(registry.stranger, Newer(kExpand), kPatience).ok());
  Works(registry, "after");
  registry.Open();
  WriteTx& tx = registry[1].Begin();
  CHECK(tx.Find("before")->has_value());
  registry[1].Rollback();
}

TEST_CASE("a step that takes away shuts an older program out: at its start, and at its next tick") {
  SharedRegistry registry(2);
  Works(registry, "before");
  const std::string contract = Contract();
  REQUIRE(Migrate(registry.stranger, Newer(contract), kPatience).ok());

  const absl::StatusOr<std::unique_ptr<Store>> late =
      OpenPostgresStore(registry.schema.url(), {}, TestRuntime());
  CHECK(late.status().code() == absl::StatusCode::kFailedPrecondition);
  INFO(late.status());
  CHECK(absl::StrContains(late.status().message(), "run the newer program"));

  for (int tick = 0; tick < 3; ++tick) {
    const Result<Membership> renewed = registry[0].coordination()->RenewMembership({}, {}, absl::Seconds(1));
    REQUIRE_FALSE(renewed.ok());
    CHECK(absl::StrContains(MessageOf(renewed.error()), "too old"));
  }
  // It has left in an orderly way, so that the newer daemons need not wait.
  CHECK(registry.Ask<kDaemons>() == "0");
  CHECK(registry.Ask<kLeader>().empty());
  // It also changes nothing between its ticks.
  registry[1].Begin();
  const CommitResult result = registry[1].Commit(registry.listening());
  CHECK_FALSE(result.committed());
  CHECK(absl::StrContains(result.reason, "too old"));
  registry[1].Rollback();

  registry.Execute(
      "UPDATE schema_use SET min_version = 1; ALTER TABLE workers ADD COLUMN registered_from TEXT "
      "NOT NULL DEFAULT ''");
  CHECK(registry[0].coordination()->RenewMembership({}, {}, absl::Seconds(1)).ok());
}

TEST_CASE("a roll of the first version is upgraded, with everything in it") {
  const ScratchSchema schema;
  postgres::Connection connection = schema.Connect();
  REQUIRE(Migrate(connection, EmbeddedMigrations().first(1), kPatience).ok());
  REQUIRE(connection
              .Execute("INSERT INTO roll (only_row, token_key, last_revision, last_cursor, workers, "
                       "listening, leader) "
                       "VALUES (1, 'key', 7, 1, 1, 1000000, 'old');"
                       "INSERT INTO daemons VALUES ('old', 'musterd 10.0.0.1:50051', 3);"
                       "INSERT INTO region_holds VALUES ('eu', 2000000);"
                       "INSERT INTO events VALUES (1, 'registered', now(), 'a', 'eu', 7, NULL, NULL, '', '');"
                       "INSERT INTO workers VALUES ('a', 'eu', 4, '{gpu}', '{\"rack\": \"r7\"}', 'Active', "
                       "'x', now(), "
                       "now(), 0, 7, 'i1', '', '', 0, NULL, NULL, false, 1, now(), 1000000, 3);"
                       "INSERT INTO worker_heartbeats VALUES ('a', 1, now());",
                       kPatience)
              .ok());
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenPostgresStore(schema.url(), {}, TestRuntime());
  INFO(store.status());
  REQUIRE(store.ok());
  const ScanReads& reader = (*store)->Reader();
  CHECK(reader.TokenKey() == "key");
  CHECK(*reader.LastCursor() == 1);
  CHECK(reader.Events("", 0, false, 10)->size() == 1);
  CHECK(reader.Heartbeats("a", 100, 10)->size() == 1);
  CHECK(reader.Find("a")->value().worker->config.metadata.at("rack") == "r7");
  CHECK(reader.Holds()->size() == 1);
  const std::vector<RegionTotals> totals = *reader.Totals();
  REQUIRE(totals.size() == 1);
  CHECK(totals[0].by_status[static_cast<int>(WorkerStatus::kActive)] == 1);
  CHECK(totals[0].free_capacity == 1);
  CHECK((*store)->WorkerCount() == 1);
  CHECK((*store)->LastListening()->proven == ListeningTime::FromMicros(1'000'000));
  // The old daemon still leads.
  CHECK_FALSE((*store)->coordination()->RenewMembership({}, {}, absl::Seconds(1))->leads);
}

// Values that a newer program may have written.
TEST_CASE("an unknown status or type of event is an error, never another status or type") {
  SharedRegistry registry;
  registry.Register({"a", "b"});
  registry[0].Begin().Append({.type = EventType::kRegionHeld, .at = registry.now.wall, .region = "eu"});
  REQUIRE(registry[0].Commit(registry.listening()).committed());
  SECTION("a status of a worker") {
    registry.Execute(
        "ALTER TABLE workers DROP CONSTRAINT workers_status_check; "
        "UPDATE workers SET status = 'Paused' WHERE id = 'a'");
    CHECK_FALSE(registry[0].Reader().Find("a").ok());
    CHECK_FALSE(registry[0].Reader().List({}, "", 10).ok());
    CHECK_FALSE(registry[0].Reader().Totals().ok());
    CHECK(registry[0].Reader().Find("b").ok());
    CHECK_FALSE(registry[0].BeginBatch({{"a"}, false}).Find("a").ok());
    registry[0].Rollback();
    CHECK(registry[0].BeginBatch({{"b"}, true}).Find("b").ok());
    registry[0].Rollback();
  }
  SECTION("a type of event") {
    registry.Execute("UPDATE events SET type = 'pinned'");
    CHECK_FALSE(registry[0].Reader().Events("", 0, false, 10).ok());
  }
  SECTION("a status in an event") {
    registry.Execute("UPDATE events SET to_status = 'Paused'");
    CHECK_FALSE(registry[0].Reader().Events("", 100, true, 10).ok());
  }
  SECTION("a column of another type") {
    registry.Execute("ALTER TABLE workers ALTER COLUMN capacity TYPE BIGINT");
    CHECK_FALSE(registry[0].Reader().Find("b").ok());
  }
}

}  // namespace
}  // namespace muster::testing
