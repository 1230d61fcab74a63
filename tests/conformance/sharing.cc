#include "conformance/sharing.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "conformance/describe.h"
#include "store/test_runtime.h"

namespace muster::testing {
namespace {

BatchKeys NotOnlyHeartbeats(const std::string& id) {
  return {{id}, /*only_heartbeats=*/false};
}

}  // namespace

std::vector<StoreKind> SharedStores() {
  std::vector<StoreKind> shared;
  for (const StoreKind& kind : AllStores()) {
    if (kind.shared) shared.push_back(kind);
  }
  return shared;
}

Sharing::Sharing(const StoreKind& kind, std::size_t stores, const StoreOptions& options)
    : place_(kind.make_place()) {
  for (std::size_t i = 0; i < stores; ++i) {
    absl::StatusOr<std::unique_ptr<Store>> opened = OpenTestStore(place_->Spec(), options);
    INFO(opened.status());
    REQUIRE(opened.ok());
    stores_.push_back(*std::move(opened));
  }
}

ProvenState ListeningAt(const Moment& now) {
  return {now.listening, absl::Seconds(3)};
}

Carried BeatAll(Store& store, const Moment& now, const std::vector<Beat>& beats) {
  BatchKeys keys;
  for (const Beat& beat : beats) keys.ids.push_back(beat.id);
  return CarryOut(store, now, keys, [&](WriteTx& tx) {
    std::vector<std::string> answers;
    for (const Beat& beat : beats) {
      const Result<HeartbeatReceipt> receipt =
          RecordHeartbeat({beat.id, beat.instance, beat.in_use, "10.0.0.1:1"}, kTimeout, tx, now);
      answers.push_back(receipt.ok() ? std::string(StatusName(receipt->status)) : Describe(receipt.error()));
    }
    return answers;
  });
}

std::string BeatOnce(Store& store, const Moment& now, const Beat& beat) {
  const Carried carried = BeatAll(store, now, {beat});
  return carried.committed ? carried.answers.front() : "not committed";
}

Carried Register(Store& store, const Moment& now, const std::string& id, const std::string& instance,
                 bool replace) {
  RegisterWorkerCommand command;
  command.worker_id = id;
  command.config.region = "eu";
  command.config.capacity = 4;
  command.instance_id = instance;
  command.replace = replace;
  return CarryOut(store, now, NotOnlyHeartbeats(id), [&](WriteTx& tx) {
    return std::vector<std::string>{Describe(RegisterWorker(command, tx, now))};
  });
}

Carried Unregister(Store& store, const Moment& now, const std::string& id) {
  return CarryOut(store, now, NotOnlyHeartbeats(id), [&](WriteTx& tx) {
    return std::vector<std::string>{Describe(UnregisterWorker({id, std::nullopt, "test"}, tx, now))};
  });
}

Carried SetStatus(Store& store, const Moment& now, const std::string& id, WorkerStatus status) {
  return CarryOut(store, now, NotOnlyHeartbeats(id), [&](WriteTx& tx) {
    return std::vector<std::string>{
        Describe(UpdateWorkerStatus({id, status, std::nullopt, std::nullopt, "", "test"}, tx, now))};
  });
}

Membership Renew(Store& store, const ListeningReport& own, const Settings& settings) {
  Result<Membership> renewed = store.coordination()->RenewMembership(own, settings, absl::Seconds(1));
  REQUIRE(renewed.ok());
  return *std::move(renewed);
}

std::vector<std::string> RegisterMany(Store& store, const Moment& now, std::size_t count) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(absl::StrCat("w", i));
  std::vector<std::string> shuffled = ids;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(7));
  WriteTx& tx = store.Begin();
  for (const std::string& id : shuffled) tx.Insert(NewWorker(tx, id, now));
  REQUIRE(store.Commit(ListeningAt(now)).committed());
  return ids;
}

}  // namespace muster::testing
