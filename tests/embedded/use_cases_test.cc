// The C++ API: each use case, through a registry in memory.
#include <array>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "muster/event.h"
#include "muster/registry.h"
#include "tests/catch.h"
#include "tests/embedded/open.h"

namespace muster {
namespace {

using testing::BeatOf;
using testing::NewWorker;
using testing::Open;
using testing::StatusOf;

TEST_CASE("a worker goes through its whole life") {
  RegistryOptions options;
  options.scheduled_jobs = false;
  const auto registry = Open("memory:", options);

  const Result<WorkerView> registered = registry->Register(NewWorker("w"));
  REQUIRE(registered.ok());
  CHECK(registered->worker->status == WorkerStatus::kPending);
  CHECK(registered->worker->instance_id.size() == 32);
  const Result<WorkerView> again = registry->Register(NewWorker("w"));
  REQUIRE_FALSE(again.ok());
  CHECK(std::holds_alternative<WorkerAlreadyExists>(again.error()));

  const auto before = registry->LastHeartbeat("w");
  REQUIRE(before.ok());
  CHECK_FALSE(before->has_value());
  const Result<HeartbeatReceipt> receipt = registry->RecordHeartbeat(BeatOf("w"));
  REQUIRE(receipt.ok());
  CHECK(receipt->status == WorkerStatus::kPending);
  const auto last = registry->LastHeartbeat("w");
  REQUIRE(last.ok());
  REQUIRE(last->has_value());
  CHECK((*last)->ordinal == 1);

  const auto runs = registry->RunAllJobs();
  REQUIRE(runs.ok());
  CHECK((*runs)[0].ids == std::vector<std::string>{"w"});
  CHECK(StatusOf(*registry, "w") == WorkerStatus::kActive);

  UpdateWorkerStatusCommand update;
  update.worker_id = "w";
  update.status = WorkerStatus::kFailed;
  update.reason = "a disk died";
  REQUIRE(registry->UpdateStatus(update).ok());
  CHECK(StatusOf(*registry, "w") == WorkerStatus::kFailed);

  UnregisterWorkerCommand unregister;
  unregister.worker_id = "w";
  REQUIRE(registry->Unregister(unregister).ok());
  const Result<WorkerView> gone = registry->Get("w");
  REQUIRE_FALSE(gone.ok());
  CHECK(std::holds_alternative<WorkerNotFound>(gone.error()));

  const Result<EventPage> events = registry->ListEvents();
  REQUIRE(events.ok());
  REQUIRE(events->events.size() == 4);
  CHECK(events->events[0].type == EventType::kRegistered);
  CHECK(events->events[3].type == EventType::kUnregistered);
}

TEST_CASE("lists and numbers show the fleet") {
  const auto registry = Open("memory:");
  for (int i = 0; i < 5; ++i) REQUIRE(registry->Register(NewWorker(absl::StrCat("w", i))).ok());

  PageRequest page;
  page.page_size = 3;
  const Result<WorkerPage> first = registry->List({}, page);
  REQUIRE(first.ok());
  REQUIRE(first->workers.size() == 3);
  CHECK(first->workers[2].worker->id == "w2");
  page.page_token = first->next_page_token;
  const Result<WorkerPage> second = registry->List({}, page);
  REQUIRE(second.ok());
  CHECK(second->workers.size() == 2);
  CHECK(second->next_page_token.empty());
  WorkerFilter nowhere;
  nowhere.region = "us";
  const Result<WorkerPage> none = registry->List(nowhere);
  REQUIRE(none.ok());
  CHECK(none->workers.empty());

  for (int i = 0; i < 3; ++i) REQUIRE(registry->RecordHeartbeat(BeatOf("w1")).ok());
  const Result<HeartbeatPage> heartbeats = registry->ListHeartbeats("w1");
  REQUIRE(heartbeats.ok());
  REQUIRE(heartbeats->heartbeats.size() == 3);
  CHECK(heartbeats->heartbeats[0].ordinal == 3);

  const auto regions = registry->Count();
  REQUIRE(regions.ok());
  REQUIRE(regions->size() == 1);
  CHECK((*regions)[0].region == "eu");
  CHECK((*regions)[0].by_status[static_cast<int>(WorkerStatus::kPending)] == 5);
  CHECK(registry->Status().heartbeats_recorded == 3);
  CHECK(registry->NextInterval() > absl::ZeroDuration());
}

TEST_CASE("a batch of heartbeats has a result for each") {
  const auto registry = Open("memory:");
  REQUIRE(registry->Register(NewWorker("w")).ok());
  std::array heartbeats{BeatOf("w"), BeatOf("unknown"), BeatOf("w")};
  heartbeats[2].in_use = -1;
  const auto results = registry->RecordHeartbeats(heartbeats);
  REQUIRE(results.ok());
  REQUIRE(results->size() == 3);
  CHECK((*results)[0].ok());
  REQUIRE_FALSE((*results)[1].ok());
  CHECK(std::holds_alternative<WorkerNotFound>((*results)[1].error()));
  REQUIRE_FALSE((*results)[2].ok());
  CHECK(std::get<InvalidArgument>((*results)[2].error()).field == "heartbeats[2].in_use");

  const auto empty = registry->RecordHeartbeats({});
  REQUIRE(empty.ok());
  CHECK(empty->empty());
  const std::vector<HeartbeatCommand> most(EmbeddedRegistry::kMaxHeartbeatsAtOnce, BeatOf("w"));
  CHECK(registry->RecordHeartbeats(most).ok());
  const std::vector<HeartbeatCommand> many(EmbeddedRegistry::kMaxHeartbeatsAtOnce + 1, BeatOf("w"));
  const auto too_many = registry->RecordHeartbeats(many);
  REQUIRE_FALSE(too_many.ok());
  CHECK(std::get<InvalidArgument>(too_many.error()).field == "heartbeats");
}

}  // namespace
}  // namespace muster
