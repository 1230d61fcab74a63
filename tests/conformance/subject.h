// A store under test, of any kind, with a clock that the test moves, and short forms for what every case
// needs.
//
//     Subject subject(GENERATE(from_range(AllStores())));
//
// runs a case over every store. A new kind of store is one more entry in AllStores.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "store/store.h"
#include "tests/catch.h"

namespace muster::testing {

using Catch::Generators::from_range;

/// The place of a store for one test. It is removed with everything in it when the test is over.
class Place {
 public:
  virtual ~Place() = default;
  /// The spec for OpenStore: the same store every time.
  virtual std::string Spec() const = 0;
};

struct StoreKind {
  std::string scheme;       // "sqlite"
  bool persistent = false;  // it is still there when it is opened again
  bool shared = false;      // any number of daemons can share it
  std::function<std::unique_ptr<Place>()> make_place;
};

/// PostgreSQL is one of them where MUSTER_POSTGRES names a server, as under `tools/postgres run`.
std::vector<StoreKind> AllStores();
std::vector<StoreKind> PersistentStores();

inline constexpr std::int64_t kNewest = INT64_MAX;

/// The wall time and the listening time at which tests begin. They differ on purpose.
inline const Moment kBeginning{absl::FromUnixMicros(1'700'000'000'123'456),
                               ListeningTime::FromMicros(5'000'000)};

class Subject {
 public:
  explicit Subject(StoreKind kind, StoreOptions options = {});

  Store& store() { return *store_; }
  const ScanReads& reader() const { return store_->Reader(); }
  const std::string& spec() const { return spec_; }
  bool persistent() const { return kind_.persistent; }

  /// Closes and opens again. Precondition: persistent.
  void Reopen();
  /// Calls Maintain until nothing waits.
  void MaintainAll();

  const Moment& now() const { return now_; }
  void Advance(absl::Duration by) {
    now_.wall += by;
    now_.listening = now_.listening + by;
  }
  ProvenState listening() const { return {now_.listening, absl::Seconds(3)}; }

  /// One transaction around `change(tx)`.
  template <typename Change>
  void Write(Change change) {
    WriteTx& tx = store_->Begin();
    change(tx);
    const CommitResult result = store_->Commit(listening());
    INFO(result.reason);
    REQUIRE(result.committed());
  }

  // Each is a transaction of its own. Precondition of all except Register: the worker is there.
  void Register(std::string_view id, WorkerConfig config = {});
  void Beat(std::string_view id, std::optional<std::int32_t> in_use = std::nullopt);
  void SetStatus(std::string_view id, WorkerStatus status);
  void Remove(std::string_view id);

  WorkerView Get(std::string_view id) const;
  bool Has(std::string_view id) const;
  std::vector<std::string> Ids(const WorkerFilter& filter = {}) const;
  std::vector<HeartbeatRecord> History(std::string_view id, int limit = 10'000) const;
  std::vector<Event> EventsOf(std::string_view id, bool newest_first = false) const;

 private:
  StoreKind kind_;
  StoreOptions options_;
  std::unique_ptr<Place> place_;
  std::string spec_;
  std::unique_ptr<Store> store_;
  Moment now_ = kBeginning;
};

/// A worker to insert: Pending, with the next revision.
Worker NewWorker(WriteTx& tx, std::string_view id, const Moment& now, WorkerConfig config = {});
/// Precondition: the worker is there.
WorkerView Found(const PointReads& reads, std::string_view id);
WorkerView Found(const WriteTx& tx, std::string_view id);
bool IsThere(const PointReads& reads, std::string_view id);
bool IsThere(const WriteTx& tx, std::string_view id);
/// Sorted: for answers that come in any order.
std::vector<std::string> SortedIds(const Result<std::vector<WorkerView>>& views);
/// In the order in which they come.
std::vector<std::string> IdsOf(const Result<std::vector<WorkerView>>& views);

}  // namespace muster::testing
