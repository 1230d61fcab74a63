// A store that daemons share, as one of them sees it: what the others do is what the test says.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "store/store.h"

namespace muster {

/// The test's side: what the daemon is told, and what it did.
struct OtherDaemons {
  std::unique_ptr<Store> store = *OpenStore("memory:", {});

  bool away = false;                   // the store does not answer
  bool unattended = false;             // nor does it when it is attended; everything else works
  int faster = 0;                      // so many batches more are overtaken
  std::function<void(Store&)> change;  // by what
  bool run_under_way = false;
  Standing standing;  // what Attend says
  std::optional<ListeningState> last;

  std::vector<ListeningReport> reports;  // what Attend was told
  std::vector<std::size_t> batches;      // how many ids each try foresaw
  int steps = 0;                         // begun
  int steps_refused = 0;
  int runs_ended = 0;
  std::vector<absl::Duration> committed_at;  // on the listening clock
};

/// The daemon's side. For one thread at a time, but for Reader.
class SharedStore final : public Store {
 public:
  explicit SharedStore(OtherDaemons& others) : others_(others) {}

  const ReadTx& Reader() const override { return others_.store->Reader(); }
  WriteTx& Begin() override {
    is_batch_ = false;
    return others_.store->Begin();
  }
  Outcome Commit(const ListeningState& listening) override {
    overtaken_ = is_batch_ && others_.faster > 0;
    if (overtaken_) --others_.faster;
    if (overtaken_ || others_.away) return StoreUnavailable{"not committed"};
    others_.committed_at.push_back(listening.now - ListeningTime());
    return others_.store->Commit(listening);
  }
  void Rollback() override {
    others_.store->Rollback();
    if (overtaken_ && others_.change) others_.change(*others_.store);
  }

  bool Foresees() const override { return true; }
  WriteTx& BeginBatch(const Foresight& foresight) override {
    others_.batches.push_back(foresight.ids.size());
    is_batch_ = true;
    return others_.store->Begin();
  }
  bool Overtaken() const override { return overtaken_; }
  WriteTx* BeginStep() override {
    if (others_.run_under_way) {
      ++others_.steps_refused;
      return nullptr;
    }
    ++others_.steps;
    return &Begin();
  }
  void EndRun() override { ++others_.runs_ended; }
  Result<Standing> Attend(const ListeningReport& own, absl::Duration /*tick*/) override {
    if (others_.away || others_.unattended) return StoreUnavailable{"not there"};
    others_.reports.push_back(own);
    Standing standing = others_.standing;
    others_.standing.daemon_lost = false;
    return standing;
  }
  bool Shared() const override { return true; }

  bool Maintain(absl::Duration budget) override { return others_.store->Maintain(budget); }
  std::optional<ListeningState> LastListening() const override { return others_.last; }

 private:
  OtherDaemons& others_;
  bool is_batch_ = false;
  bool overtaken_ = false;
};

}  // namespace muster
