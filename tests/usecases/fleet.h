// A roll on the reference store (or another) and on a clock that the test moves. Each call has its own
// transaction.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/address_turns.h"
#include "muster/commands.h"
#include "muster/queries.h"
#include "muster/sweeps.h"
#include "usecases/fake_store.h"

namespace muster {

class Fleet {
 public:
  explicit Fleet(std::unique_ptr<Store> store = std::make_unique<FakeStore>()) : store_(std::move(store)) {}

  Settings settings;
  AddressTurns turns;
  Moment now{absl::FromUnixSeconds(1'700'000'000), ListeningTime() + absl::Hours(1)};

  void Advance(absl::Duration duration) {
    now.wall += duration;
    now.listening = now.listening + duration;
  }

  /// Runs `change(tx)` as a transaction. It is committed even if the change was refused, as the writer does.
  template <typename Change>
  auto Commit(Change change) {
    auto result = change(store_->Begin());
    (void)store_->Commit({now.listening, absl::ZeroDuration()});
    return result;
  }

  /// Runs `change(tx)` as a transaction whose commit fails.
  template <typename Change>
  void Rollback(Change change) {
    change(store_->Begin());
    store_->Rollback();
  }
  /// A reload to another timeout, as the writer does it.
  void TimeoutBecomes(absl::Duration timeout) {
    const absl::Duration before = std::exchange(settings.heartbeat_timeout, timeout);
    Commit([&](WriteTx& tx) {
      RollTimeouts timeouts = tx.Timeouts();
      if (timeouts.in_force == absl::ZeroDuration()) timeouts.in_force = before;
      tx.SetTimeouts(*WithInForce(timeouts, timeout, now.listening, now.listening));
      return 0;
    });
  }

  Result<WorkerView> Register(RegisterWorkerCommand command) {
    return Commit([&](WriteTx& tx) { return RegisterWorker(std::move(command), tx, now); });
  }
  Result<WorkerView> Register(std::string id, std::string instance = "", bool replace = false) {
    return Register(Registration(std::move(id), std::move(instance), replace));
  }
  Result<HeartbeatReceipt> Beat(std::string_view id, std::string_view instance = "",
                                std::optional<std::int32_t> in_use = {},
                                std::string_view peer = "10.0.0.9:9") {
    return Commit([&](WriteTx& tx) {
      return RecordHeartbeat({id, instance, in_use, peer}, settings.heartbeat_timeout, tx, now, &turns);
    });
  }
  Result<WorkerView> Update(const UpdateWorkerStatusCommand& command) {
    return Commit([&](WriteTx& tx) { return UpdateWorkerStatus(command, tx, now); });
  }
  Result<WorkerView> Move(std::string id, WorkerStatus status) {
    return Update({std::move(id), status, {}, {}, "because", "ops"});
  }
  Result<WorkerView> Unregister(std::string id, std::optional<std::int64_t> revision = {}) {
    return Commit([&](WriteTx& tx) { return UnregisterWorker({std::move(id), revision, "ops"}, tx, now); });
  }

  /// A whole run, `limit` moves a step.
  SweepReport Run(Job job, int limit = 1000) {
    const std::unique_ptr<Sweep> sweep = NewSweep(job);
    while (true) {
      const Result<bool> done = Step(*sweep, limit);
      if (!done.ok() || *done) return sweep->report();
    }
  }
  Result<bool> Step(Sweep& sweep, int limit) {
    return Commit([&](WriteTx& tx) { return sweep.Step(tx, SweepMoment{now}, settings, limit); });
  }

  const ScanReads& reader() const { return store_->Reader(); }
  WorkerView Get(std::string_view id) const { return *GetWorker(reader(), id); }
  WorkerStatus StatusOf(std::string_view id) const { return Get(id).worker->status; }
  bool Knows(std::string_view id) const { return GetWorker(reader(), id).ok(); }

  std::vector<Event> Events(std::string id = "") const {
    EventFilter filter;
    filter.worker_id = std::move(id);
    std::vector<Event> all;
    PageRequest page;
    page.page_size = kMaxPageSize;
    do {
      Result<EventPage> next = ListEvents(reader(), filter, page);
      all.insert(all.end(), next->events.begin(), next->events.end());
      page.page_token = next->next_page_token;
    } while (!page.page_token.empty());
    return all;
  }
  std::vector<Event> EventsOf(EventType type) const {
    std::vector<Event> events = Events();
    std::erase_if(events, [type](const Event& event) { return event.type != type; });
    return events;
  }

  static RegisterWorkerCommand Registration(std::string id, std::string instance = "", bool replace = false,
                                            std::string region = "eu") {
    RegisterWorkerCommand command;
    command.worker_id = std::move(id);
    command.config.region = std::move(region);
    command.config.capacity = 4;
    command.instance_id = std::move(instance);
    command.replace = replace;
    command.actor = "ops";
    command.peer = "10.0.0.1:1";
    command.generated_instance_id = "generated";
    return command;
  }

  /// Precondition: on the fake store.
  FakeStore& fake() { return static_cast<FakeStore&>(*store_); }

 private:
  std::unique_ptr<Store> store_;
};

/// The reason of a refusal; "" if nothing was refused.
template <typename T>
std::string Refusal(const Result<T>& result) {
  return result.ok() ? "" : std::string(ReasonOf(result.error()));
}

template <typename T>
std::string Said(const Result<T>& result) {
  return result.ok() ? "" : MessageOf(result.error());
}

}  // namespace muster
