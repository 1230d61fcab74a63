// The transaction of the writer over the model. It does not change the model: it collects a batch, and finds
// workers as if the batch were applied already.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "store/model/due_queue.h"
#include "store/model/model.h"
#include "store/model/prefetcher.h"
#include "store/model/staged_batch.h"
#include "store/store.h"

namespace muster {

/// The writer's thread only. The model must outlive it.
class Staging final : public WriteTx {
 public:
  Staging(const Model& model, std::int64_t last_revision)
      : model_(model), last_revision_(last_revision), prefetcher_(model) {}

  /// The transaction is about these ids. They must live until it ends.
  void CollectKeys(const BatchKeys& keys) { prefetcher_.Begin(keys.ids); }

  /// What was staged since the transaction began.
  StagedBatch& batch() { return batch_; }
  std::int64_t last_revision() const { return last_revision_; }

  // The transaction ends. The revisions of a transaction that was rolled back were never visible, so they are
  // given again. The revisions of a failed commit are not given again, because only the disk knows how far it
  // came.
  void Committed();
  void RolledBack();
  void Failed();

  Result<std::optional<WorkerView>> Find(std::string_view id) const override;

  std::int64_t NextRevision() override { return ++last_revision_; }
  WorkerView Insert(Worker worker) override;
  WorkerView Update(const WorkerView& view, Worker worker) override;
  void Remove(const WorkerView& view) override;
  void RecordHeartbeat(const WorkerView& view, const Moment& now,
                       std::optional<std::int32_t> in_use) override;
  void Append(Event event) override;
  void Hold(RegionHold hold) override;
  void Release(std::string_view region) override;
  void SetTimeouts(RollTimeouts timeouts) override { batch_.timeouts = std::move(timeouts); }
  const RollTimeouts& Timeouts() const override { return model_.timeouts; }

  std::int64_t HeartbeatsRecorded(const WorkerView& view) const override;

  Result<std::vector<WorkerView>> PendingHeard(int limit) override;
  Result<std::vector<RegionSilence>> SilentByRegion(std::span<const ReferenceRange> stale) override;
  Result<std::vector<WorkerView>> Silent(std::span<const ReferenceRange> stale,
                                         const absl::flat_hash_set<std::string>& except, int limit) override;
  Result<std::vector<WorkerView>> OfflineFresh(std::span<const ReferenceRange> stale, int limit) override;
  Result<std::vector<RegionHold>> Holds() const override;

 private:
  void CheckView(const WorkerView& view) const;
  /// The latest change of the worker that the view shows. Made if there is none.
  StagedChange& ChangeOf(const WorkerView& view);
  WorkerView View(std::uint32_t change) const;
  void Clear();
  std::vector<WorkerView> Views(const std::vector<std::uint32_t>& slots) const;

  const Model& model_;
  std::int64_t last_revision_;
  std::int64_t committed_revision_ = last_revision_;
  mutable Prefetcher prefetcher_;
  StagedBatch batch_;
  absl::btree_map<std::string, std::uint32_t, std::less<>> latest_;  // id to its latest change
  std::int64_t inserted_ = 0;
  // They outlive transactions: a sweep takes from them step by step.
  DueQueue pending_heard_;
  DueQueue silent_;
  DueQueue offline_fresh_;
};

}  // namespace muster
