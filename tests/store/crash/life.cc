#include "store/crash/life.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"

namespace muster::testing {
namespace {

constexpr int kSteady = 40;              // workers that are there all the time
constexpr std::int64_t kVisitEvery = 5;  // a worker comes with every fifth batch
constexpr std::int64_t kVisitFor = 20;   // and stays for this many batches

std::string Steady(int i) {
  return absl::StrCat("steady-", i);
}
std::string Visitor(std::int64_t batch) {
  return absl::StrCat("visitor-", batch);
}

// The listening clock runs fast, so that a fold is always due or under way.
Moment At(std::int64_t batch) {
  return {absl::FromUnixMicros(1'700'000'000'000'000 + batch), ListeningTime::FromMicros(batch * 5'000'000)};
}

Worker NewWorker(WriteTx& tx, std::string id, std::int64_t batch) {
  Worker worker;
  worker.id = std::move(id);
  worker.config.region = "eu";
  worker.config.capacity = 4;
  worker.config.metadata["note"] = std::string(200, 'x');  // so that pages split and merge
  worker.registered_at = At(batch).wall;
  worker.status_changed_at = At(batch).wall;
  worker.revision = tx.NextRevision();
  return worker;
}

template <typename Reads>
std::optional<WorkerView> Find(const Reads& reads, const std::string& id) {
  Result<std::optional<WorkerView>> found = reads.Find(id);
  return found.ok() ? *found : std::nullopt;
}

std::string WhatIsWrongWith(Store& store, const std::string& id, std::int64_t batches) {
  const std::optional<WorkerView> view = Find(store.Reader(), id);
  if (!view) return id + " is missing";
  if (view->pulse.total != batches) return absl::StrCat(id, " has ", view->pulse.total, " heartbeats");
  if (view->pulse.heard_at != At(batches).listening) return id + " was heard at another time";
  if (view->pulse.in_use != batches % 5) return id + " has another in_use";
  const auto history = store.Reader().Heartbeats(id, INT64_MAX, 1000);
  if (!history.ok()) return id + " has no history";
  const std::int64_t kept = std::min<std::int64_t>(batches, LifeOptions().history);
  if (std::ssize(*history) != kept) return absl::StrCat(id, " keeps ", history->size(), " heartbeats");
  for (std::int64_t i = 0; i < kept; ++i) {
    const HeartbeatRecord& heartbeat = (*history)[static_cast<std::size_t>(i)];
    if (heartbeat.ordinal != batches - i || heartbeat.at != At(batches - i).wall) {
      return absl::StrCat(id, " has another heartbeat ", heartbeat.ordinal);
    }
  }
  return "";
}

}  // namespace

std::int64_t BatchesIn(Store& store) {
  const Result<std::int64_t> last = store.Reader().LastCursor();
  return last.ok() ? *last : -1;
}

CommitResult LiveOneBatch(Store& store, std::int64_t number) {
  WriteTx& tx = store.Begin();
  for (int i = 0; i < kSteady; ++i) {
    if (number == 1) tx.Insert(NewWorker(tx, Steady(i), number));
    tx.RecordHeartbeat(*Find(tx, Steady(i)), At(number), static_cast<std::int32_t>(number % 5));
  }
  const WorkerView changing = *Find(tx, Steady(0));
  Worker changed = *changing.worker;
  changed.status_reason = absl::StrCat(number);
  changed.revision = tx.NextRevision();
  tx.Update(changing, std::move(changed));
  if (number % kVisitEvery == 0) {
    const WorkerView visitor = tx.Insert(NewWorker(tx, Visitor(number), number));
    tx.RecordHeartbeat(visitor, At(number), std::nullopt);
    if (number > kVisitFor) tx.Remove(*Find(tx, Visitor(number - kVisitFor)));
  }
  tx.Append(Event{.type = EventType::kStatusChanged,
                  .at = At(number).wall,
                  .worker_id = Steady(0),
                  .region = "eu",
                  .revision = number,
                  .from = {},
                  .to = {},
                  .reason = absl::StrCat(number),
                  .actor = "life"});
  return store.Commit({At(number).listening, absl::ZeroDuration()});
}

std::string WhatIsWrong(Store& store, std::int64_t batches) {
  if (batches == 0) return "";
  for (int i = 0; i < kSteady; ++i) {
    std::string wrong = WhatIsWrongWith(store, Steady(i), batches);
    if (!wrong.empty()) return wrong;
  }
  if (Find(store.Reader(), Steady(0))->worker->status_reason != absl::StrCat(batches))
    return "another change is there";
  const auto all = store.Reader().List({}, "", 1000);
  if (!all.ok()) return "no list";
  std::vector<std::string> expected;
  for (int i = 0; i < kSteady; ++i) expected.push_back(Steady(i));
  for (std::int64_t batch = batches; batch > std::max<std::int64_t>(0, batches - kVisitFor - kVisitEvery);
       --batch) {
    if (batch % kVisitEvery == 0 && batch + kVisitFor > batches) {
      expected.push_back(Visitor(batch));
    }
  }
  std::sort(expected.begin(), expected.end());
  if (!std::equal(all->begin(), all->end(), expected.begin(), expected.end(),
                  [](const WorkerView& view, const std::string& id) { return view.worker->id == id; })) {
    return absl::StrCat("the wrong ", all->size(), " workers are there");
  }
  const auto events = store.Reader().Events("", INT64_MAX, true, 1000);
  if (!events.ok() || std::ssize(*events) != std::min<std::int64_t>(batches, 1000))
    return "events are missing";
  for (const Event& event : *events) {
    if (event.reason != absl::StrCat(event.cursor))
      return absl::StrCat("event ", event.cursor, " is another");
  }
  const std::optional<ProvenState> listening = store.LastListening();
  return listening && listening->proven == At(batches).listening ? "" : "the listening clock is another";
}

std::string IntegrityOf(const sqlite::Location& location) {
  absl::StatusOr<sqlite::Database> database = sqlite::Database::Open(location, sqlite::Access::kReadOnly);
  if (!database.ok()) return database.status().ToString();
  absl::StatusOr<sqlite::Statement> check = database->Prepare("PRAGMA integrity_check");
  if (!check.ok()) return check.status().ToString();
  const absl::StatusOr<bool> row = check->Step();
  return row.ok() && *row ? std::string(check->Text(0)) : row.status().ToString();
}

}  // namespace muster::testing
