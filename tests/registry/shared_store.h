// A store that daemons share, as one daemon sees it: the test decides what the other daemons do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tests/registry/held_tx.h"
#include "tests/store/test_runtime.h"

namespace muster {

/// The test's side: what the daemon is told, and what it did.
struct OtherDaemons {
  std::unique_ptr<Store> store = *OpenTestStore("memory:");

  bool away = false;                   // the store does not answer
  bool membership_fails = false;       // RenewMembership fails; everything else works
  bool row_is_held = false;            // changes cannot be committed; heartbeats can
  int faster = 0;                      // so many more batches lose the race
  std::function<void(Store&)> change;  // what the other daemon does then
  bool run_under_way = false;
  std::set<std::string, std::less<>> refused;  // a batch with such an id is refused
  HeldTx::Held held;                           // by another program, for so long
  Membership membership;                       // what RenewMembership says
  std::int64_t workers = 0;
  std::optional<ProvenState> last;

  std::vector<ListeningReport> reports;  // what RenewMembership was told
  std::vector<std::size_t> batches;      // how many ids each try is about
  int steps = 0;                         // begun
  int steps_refused = 0;
  int runs_ended = 0;
  std::vector<absl::Duration> committed_at;  // on the listening clock
};

/// The daemon's side. For one thread at a time, except for Reader.
class SharedStore final : public Store, public Coordination {
 public:
  explicit SharedStore(OtherDaemons& others) : others_(others) {}

  const ScanReads& Reader() const override { return others_.store->Reader(); }
  WriteTx& Begin() override {
    is_batch_ = false;
    return others_.store->Begin();
  }
  CommitResult Commit(const ProvenState& listening) override {
    lost_race_ = is_batch_ && others_.faster > 0;
    if (lost_race_) {
      --others_.faster;
      return CommitResult::LostRace();
    }
    if (others_.away || (others_.row_is_held && !is_batch_)) return CommitResult::Failed("not committed");
    if (is_batch_ && refused_) return CommitResult::Refused("the store cannot hold this");
    others_.committed_at.push_back(listening.proven - ListeningTime());
    return others_.store->Commit(listening);
  }
  CommitResult CommitStep(const ProvenState& listening) override {
    lost_race_ = false;
    if (others_.run_under_way) return CommitResult::LostRace();
    if (others_.away) return CommitResult::Failed("not committed");
    CommitResult result = others_.store->CommitStep(listening);
    if (result.wrote) others_.committed_at.push_back(listening.proven - ListeningTime());
    return result;
  }
  void Rollback() override {
    others_.store->Rollback();
    if (std::exchange(lost_race_, false) && others_.change) others_.change(*others_.store);
  }

  bool PrefersHeartbeatsAlone() const override { return true; }
  WriteTx& BeginBatch(const BatchKeys& keys) override {
    others_.batches.push_back(keys.ids.size());
    refused_ = std::any_of(keys.ids.begin(), keys.ids.end(),
                           [this](std::string_view id) { return others_.refused.contains(id); });
    is_batch_ = true;
    return held_tx_.Around(others_.store->Begin());
  }
  WriteTx& BeginStep() override {
    ++(others_.run_under_way ? others_.steps_refused : others_.steps);
    return Begin();
  }
  void EndRun() override { ++others_.runs_ended; }
  Coordination* coordination() override { return this; }
  Result<Membership> RenewMembership(const ListeningReport& own, const Settings& /*settings*/,
                                     absl::Duration /*tick*/) override {
    if (others_.away || others_.membership_fails) return StoreUnavailable{"not there"};
    others_.reports.push_back(own);
    Membership membership = others_.membership;
    others_.membership.daemon_lost = false;
    return membership;
  }

  bool Maintain(absl::Duration budget) override { return others_.store->Maintain(budget); }
  std::int64_t WorkerCount() const override { return others_.workers; }
  std::optional<ProvenState> LastListening() const override { return others_.last; }
  const RollTimeouts& Timeouts() const override { return others_.store->Timeouts(); }

 private:
  OtherDaemons& others_;
  HeldTx held_tx_{others_.held};
  bool is_batch_ = false;
  bool refused_ = false;
  bool lost_race_ = false;
};

}  // namespace muster
