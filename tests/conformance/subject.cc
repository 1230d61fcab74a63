#include "conformance/subject.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "absl/status/statusor.h"
#include "store/postgres/scratch.h"
#include "store/temp_directory.h"
#include "tests/store/test_runtime.h"

namespace muster::testing {
namespace {

class InMemory final : public Place {
 public:
  std::string Spec() const override { return "memory:"; }
};

class InFile final : public Place {
 public:
  std::string Spec() const override { return "sqlite:" + directory_ / "roll.db"; }

 private:
  TempDirectory directory_;
};

class InSchema final : public Place {
 public:
  std::string Spec() const override { return schema_.url(); }

 private:
  ScratchSchema schema_;
};

template <typename T>
std::unique_ptr<Place> Make() {
  return std::make_unique<T>();
}

}  // namespace

std::vector<StoreKind> AllStores() {
  std::vector<StoreKind> stores = {{"memory", false, false, Make<InMemory>},
                                   {"sqlite", true, false, Make<InFile>}};
  if (std::getenv("MUSTER_POSTGRES") != nullptr) stores.push_back({"postgresql", true, true, Make<InSchema>});
  return stores;
}

std::vector<StoreKind> PersistentStores() {
  std::vector<StoreKind> persistent;
  for (const StoreKind& kind : AllStores()) {
    if (kind.persistent) persistent.push_back(kind);
  }
  return persistent;
}

Subject::Subject(StoreKind kind, StoreOptions options)
    : kind_(std::move(kind)),
      options_(std::move(options)),
      place_(kind_.make_place()),
      spec_(place_->Spec()) {
  Reopen();
}

void Subject::Reopen() {
  store_.reset();  // first: it holds the lock
  absl::StatusOr<std::unique_ptr<Store>> opened = OpenTestStore(spec_, options_);
  INFO(opened.status());
  REQUIRE(opened.ok());
  store_ = *std::move(opened);
}

void Subject::MaintainAll() {
  while (store_->Maintain(absl::InfiniteDuration())) {
  }
}

void Subject::Register(std::string_view id, WorkerConfig config) {
  Write([&](WriteTx& tx) { tx.Insert(NewWorker(tx, id, now_, std::move(config))); });
}

void Subject::Beat(std::string_view id, std::optional<std::int32_t> in_use) {
  Write([&](WriteTx& tx) { tx.RecordHeartbeat(Found(tx, id), now_, in_use); });
}

void Subject::SetStatus(std::string_view id, WorkerStatus status) {
  Write([&](WriteTx& tx) {
    const WorkerView view = Found(tx, id);
    Worker worker = *view.worker;
    worker.status = status;
    worker.status_changed_at = now_.wall;
    worker.revision = tx.NextRevision();
    tx.Update(view, std::move(worker));
  });
}

void Subject::Remove(std::string_view id) {
  Write([&](WriteTx& tx) { tx.Remove(Found(tx, id)); });
}

WorkerView Subject::Get(std::string_view id) const {
  return Found(reader(), id);
}

bool Subject::Has(std::string_view id) const {
  return IsThere(reader(), id);
}

std::vector<std::string> Subject::Ids(const WorkerFilter& filter) const {
  return IdsOf(reader().List(filter, "", 1'000'000));
}

std::vector<HeartbeatRecord> Subject::History(std::string_view id, int limit) const {
  const Result<std::vector<HeartbeatRecord>> history = reader().Heartbeats(id, kNewest, limit);
  REQUIRE(history.ok());
  return *history;
}

std::vector<Event> Subject::EventsOf(std::string_view id, bool newest_first) const {
  const Result<std::vector<Event>> events =
      reader().Events(id, newest_first ? kNewest : 0, newest_first, 1'000'000);
  REQUIRE(events.ok());
  return *events;
}

Worker NewWorker(WriteTx& tx, std::string_view id, const Moment& now, WorkerConfig config) {
  if (config.region.empty()) config.region = "eu";
  if (config.capacity == 0) config.capacity = 4;
  Worker worker;
  worker.id = id;
  worker.config = std::move(config);
  worker.instance_id = "instance";
  worker.registered_at = now.wall;
  worker.registered_at_listening = now.listening;
  worker.status_changed_at = now.wall;
  worker.revision = tx.NextRevision();
  return worker;
}

namespace {

WorkerView TheOne(const Result<std::optional<WorkerView>>& found, std::string_view id) {
  INFO(id);
  REQUIRE(found.ok());
  REQUIRE(found->has_value());
  return **found;
}

bool IsOne(const Result<std::optional<WorkerView>>& found) {
  REQUIRE(found.ok());
  return found->has_value();
}

}  // namespace

WorkerView Found(const PointReads& reads, std::string_view id) {
  return TheOne(reads.Find(id), id);
}
WorkerView Found(const WriteTx& tx, std::string_view id) {
  return TheOne(tx.Find(id), id);
}

bool IsThere(const PointReads& reads, std::string_view id) {
  return IsOne(reads.Find(id));
}
bool IsThere(const WriteTx& tx, std::string_view id) {
  return IsOne(tx.Find(id));
}

std::vector<std::string> IdsOf(const Result<std::vector<WorkerView>>& views) {
  REQUIRE(views.ok());
  std::vector<std::string> ids;
  std::transform(views->begin(), views->end(), std::back_inserter(ids),
                 [](const WorkerView& view) { return view.worker->id; });
  return ids;
}

std::vector<std::string> SortedIds(const Result<std::vector<WorkerView>>& views) {
  std::vector<std::string> ids = IdsOf(views);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace muster::testing
