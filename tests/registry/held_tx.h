// A transaction in which another program holds the rows of some workers.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "store/store.h"

namespace muster {

class HeldTx final : public WriteTx {
 public:
  using Held = std::map<std::string, absl::Duration, std::less<>>;

  /// How long each has been held; must outlive it.
  explicit HeldTx(const Held& held) : held_(held) {}
  HeldTx& Around(WriteTx& tx) {
    tx_ = &tx;
    return *this;
  }

  Result<std::optional<WorkerView>> Find(std::string_view id) const override {
    if (held_.find(id) != held_.end()) return StoreUnavailable{"another program holds the row"};
    return tx_->Find(id);
  }
  absl::Duration HeldFor(std::string_view id) const override {
    const auto held = held_.find(id);
    return held == held_.end() ? absl::ZeroDuration() : held->second;
  }
  bool AnyHeld() const override { return !held_.empty(); }

  std::int64_t NextRevision() override { return tx_->NextRevision(); }
  WorkerView Insert(Worker worker) override { return tx_->Insert(std::move(worker)); }
  WorkerView Update(const WorkerView& view, Worker worker) override {
    return tx_->Update(view, std::move(worker));
  }
  void Remove(const WorkerView& view) override { tx_->Remove(view); }
  void RecordHeartbeat(const WorkerView& view, const Moment& now,
                       std::optional<std::int32_t> in_use) override {
    tx_->RecordHeartbeat(view, now, in_use);
  }
  void Append(Event event) override { tx_->Append(std::move(event)); }
  void Hold(RegionHold hold) override { tx_->Hold(std::move(hold)); }
  void Release(std::string_view region) override { tx_->Release(region); }
  void SetTimeouts(RollTimeouts timeouts) override { tx_->SetTimeouts(std::move(timeouts)); }
  const RollTimeouts& Timeouts() const override { return tx_->Timeouts(); }
  std::int64_t HeartbeatsRecorded(const WorkerView& view) const override {
    return tx_->HeartbeatsRecorded(view);
  }
  Result<std::vector<WorkerView>> PendingHeard(int limit) override { return tx_->PendingHeard(limit); }
  Result<std::vector<RegionSilence>> SilentByRegion(std::span<const ReferenceRange> stale) override {
    return tx_->SilentByRegion(stale);
  }
  Result<std::vector<WorkerView>> Silent(std::span<const ReferenceRange> stale,
                                         const absl::flat_hash_set<std::string>& except, int limit) override {
    return tx_->Silent(stale, except, limit);
  }
  Result<std::vector<WorkerView>> OfflineFresh(std::span<const ReferenceRange> stale, int limit) override {
    return tx_->OfflineFresh(stale, limit);
  }
  Result<std::vector<RegionHold>> Holds() const override { return tx_->Holds(); }

 private:
  const Held& held_;
  WriteTx* tx_ = nullptr;
};

}  // namespace muster
