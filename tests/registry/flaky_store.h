// A store that survives the daemons that open it, counts its commits, and fails when told to.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "store/model/staging.h"
#include "tests/store/hanging_reads.h"
#include "tests/store/test_runtime.h"

namespace muster {

/// What remains when a daemon dies, and how the store behaves.
struct Disk {
  std::unique_ptr<Store> store = *OpenTestStore("memory:");
  HangingReads reads{store->Reader()};
  bool away = false;                // commits fail
  int fail_commits = 0;             // so many more fail
  int commits = 0;                  // that worked
  bool open = false;                // a transaction was begun and neither committed nor rolled back
  int violations = 0;               // of the port's rules
  bool in_doubt = false;            // commits that fail are in doubt
  bool heartbeats_alone = false;    // as for a store that is far away
  std::vector<BatchKeys> foreseen;  // of each batch
  double backlog = 0;               // a step of maintenance takes a tenth off
  std::function<void()> meanwhile;  // called in each commit
};

/// One daemon's view of the disk. For one thread at a time, except for Reader.
class FlakyStore final : public Store {
 public:
  explicit FlakyStore(Disk& disk) : disk_(disk) {}

  const ScanReads& Reader() const override { return disk_.reads; }
  const PointReads* MemoryReads() const override { return disk_.store->MemoryReads(); }
  WriteTx& Begin() override {
    if (disk_.open) ++disk_.violations;
    disk_.open = true;
    WriteTx& tx = disk_.store->Begin();
    staged_ = &dynamic_cast<Staging&>(tx);
    return tx;
  }
  bool PrefersHeartbeatsAlone() const override { return disk_.heartbeats_alone; }
  WriteTx& BeginBatch(const BatchKeys& keys) override {
    if (disk_.heartbeats_alone) disk_.foreseen.push_back(keys);
    return Begin();
  }
  CommitResult Commit(const ProvenState& listening) override {
    return Count([&] { return disk_.store->Commit(listening); });
  }
  CommitResult CommitStep(const ProvenState& listening) override {
    if (!staged_->batch().Empty()) return Count([&] { return disk_.store->CommitStep(listening); });
    disk_.open = false;
    return disk_.store->CommitStep(listening);  // the disk is not asked
  }
  void Rollback() override {
    disk_.open = false;
    disk_.store->Rollback();
  }
  bool Maintain(absl::Duration budget) override {
    disk_.backlog = std::max(0.0, disk_.backlog - 0.1);
    return disk_.store->Maintain(budget);
  }
  double Backlog() const override { return disk_.backlog; }
  std::int64_t WorkerCount() const override { return disk_.store->WorkerCount(); }
  std::optional<ProvenState> LastListening() const override { return disk_.store->LastListening(); }
  const RollTimeouts& Timeouts() const override { return disk_.store->Timeouts(); }

 private:
  template <typename Commit>
  CommitResult Count(Commit commit) {
    if (!disk_.open) ++disk_.violations;
    if (disk_.meanwhile) disk_.meanwhile();
    if (disk_.away || disk_.fail_commits > 0) {
      if (disk_.fail_commits > 0) --disk_.fail_commits;
      return disk_.in_doubt ? CommitResult::InDoubt("the disk failed")
                            : CommitResult::Failed("the disk is full");
    }
    disk_.open = false;
    CommitResult result = commit();
    if (result.wrote) ++disk_.commits;
    return result;
  }

  Disk& disk_;
  Staging* staged_ = nullptr;
};

}  // namespace muster
