// Stores on one schema, and the connection of another program to it, which is no daemon and keeps no rules.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "muster/commands.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/scratch.h"
#include "store/test_runtime.h"
#include "tests/catch.h"

namespace muster::testing {

class SharedRegistry {
 public:
  explicit SharedRegistry(std::size_t stores = 1, StoreOptions options = {}) {
    for (std::size_t i = 0; i < stores; ++i) Open(options);
  }

  Store& operator[](std::size_t number) { return *stores_[number]; }
  void Open(StoreOptions options = {}) {
    absl::StatusOr<std::unique_ptr<Store>> opened = OpenPostgresStore(schema.url(), options, TestRuntime());
    INFO(opened.status());
    REQUIRE(opened.ok());
    stores_.push_back(*std::move(opened));
  }

  /// On the connection of the other program.
  void Execute(const std::string& script) {
    const postgres::Reply<Nothing> done = stranger.Execute(script, kPatience);
    INFO((done.ok() ? "" : done.error().detail));
    REQUIRE(done.ok());
  }
  /// The one text that `sql` returns on the connection of the other program.
  template <const postgres::Sql& sql>
  std::string Ask() {
    const postgres::Reply<postgres::Rows> rows = stranger.Run(sql, {}, kPatience);
    INFO((rows.ok() ? "" : rows.error().detail));
    REQUIRE(rows.ok());
    return std::string(rows->Text(0, 0));
  }

  /// In one transaction.
  void Register(const std::vector<std::string>& ids, WorkerStatus status = WorkerStatus::kPending,
                const std::string& region = "eu") {
    WriteTx& tx = stores_.front()->Begin();
    for (const std::string& id : ids) {
      Worker worker;
      worker.id = id;
      worker.config.region = region;
      worker.config.capacity = 4;
      worker.status = status;
      worker.instance_id = "instance";
      worker.registered_at = worker.status_changed_at = now.wall;
      worker.registered_at_listening = now.listening;
      worker.revision = tx.NextRevision();
      tx.Insert(std::move(worker));
    }
    REQUIRE(stores_.front()->Commit(listening()).committed());
  }

  ProvenState listening() const { return {now.listening, absl::Seconds(3)}; }

  ScratchSchema schema;
  postgres::Connection stranger = schema.Connect();
  Moment now = {absl::FromUnixMicros(1'700'000'000'123'456), ListeningTime::FromMicros(500'000'000)};

 private:
  std::vector<std::unique_ptr<Store>> stores_;
};

/// w0, w1, …
inline std::vector<std::string> Names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back("w" + std::to_string(i));
  return names;
}

}  // namespace muster::testing
