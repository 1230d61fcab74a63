// A store that outlives the daemons that open it, counts its commits, and is away when told to be.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "store/store.h"

namespace muster {

/// What stays when a daemon dies, and how it behaves.
struct Disk {
  std::unique_ptr<Store> store = *OpenStore("memory:", {});
  bool away = false;                // commits fail
  int fail_commits = 0;             // that many more fail
  int commits = 0;                  // that worked
  bool open = false;                // a transaction was begun and neither committed nor rolled back
  int violations = 0;               // of the port's rules
  bool foresees = false;            // as a store that is far away
  std::vector<Foresight> foreseen;  // of each batch
  double backlog = 0;               // a step of maintenance takes a tenth off
};

/// One daemon's view of the disk. For one thread at a time, but for Reader.
class FlakyStore final : public Store {
 public:
  explicit FlakyStore(Disk& disk) : disk_(disk) {}

  const ReadTx& Reader() const override { return disk_.store->Reader(); }
  WriteTx& Begin() override {
    if (disk_.open) ++disk_.violations;
    disk_.open = true;
    return disk_.store->Begin();
  }
  bool Foresees() const override { return disk_.foresees; }
  WriteTx& BeginBatch(const Foresight& foresight) override {
    if (disk_.foresees) disk_.foreseen.push_back(foresight);
    return Begin();
  }
  Outcome Commit(const ListeningState& listening) override {
    if (!disk_.open) ++disk_.violations;
    if (disk_.away || disk_.fail_commits > 0) {
      if (disk_.fail_commits > 0) --disk_.fail_commits;
      return StoreUnavailable{"the disk is full"};
    }
    ++disk_.commits;
    disk_.open = false;
    return disk_.store->Commit(listening);
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
  std::optional<ListeningState> LastListening() const override { return disk_.store->LastListening(); }

 private:
  Disk& disk_;
};

}  // namespace muster
