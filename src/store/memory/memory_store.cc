#include "store/memory/memory_store.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "store/memory/memory_archive.h"
#include "store/model/committed_reader.h"
#include "store/model/staging.h"

namespace muster {
namespace {

void RememberHeartbeats(StagedBatch& batch, std::uint32_t history, Slab<HeartbeatRing>& rings) {
  batch.VisitBeats([&](const Moment& at, std::span<const StagedBeat> beats) {
    const std::int64_t micros = absl::ToUnixMicros(at.wall);
    for (const StagedBeat& beat : beats) rings[beat.slot].Push(micros, history);
  });
}

class MemoryStore final : public Store {
 public:
  MemoryStore(const StoreOptions& options, Random& random)
      : history_(static_cast<std::uint32_t>(options.history)),
        archive_(registry_, options.max_events),
        reader_(registry_, archive_, NewTokenKey(random)),
        staging_(registry_.ForWriter(), 0) {}

  const ScanReads& Reader() const override { return reader_; }
  const PointReads* MemoryReads() const override { return &reader_; }
  WriteTx& Begin() override { return staging_; }
  WriteTx& BeginBatch(const BatchKeys& keys) override {
    staging_.CollectKeys(keys);
    return staging_;
  }

  CommitResult Commit(const ProvenState& listening) override {
    StagedBatch& batch = staging_.batch();
    if (!batch.Empty()) {
      batch.DropOrphans();
      {
        const MutexLock lock(registry_.mu);
        // Before other workers get their slots.
        for (const std::uint32_t slot : batch.removed) registry_.rings[slot].Clear();
        Apply(batch, registry_.model);
        registry_.rings.GrowTo(registry_.model.SlotCount());
        RememberHeartbeats(batch, history_, registry_.rings);
      }
      archive_.Add(batch.events);
    }
    staging_.Committed();
    listening_ = listening;
    return CommitResult::Committed(registry_.ForWriter().last_cursor);
  }
  CommitResult CommitStep(const ProvenState& listening) override {
    if (!staging_.batch().Empty()) return Commit(listening);
    staging_.RolledBack();
    return CommitResult::NothingToWrite(registry_.ForWriter().last_cursor);
  }

  void Rollback() override { staging_.RolledBack(); }
  bool Maintain(absl::Duration /*budget*/) override { return false; }
  std::int64_t WorkerCount() const override { return registry_.ForWriter().WorkerCount(); }
  std::optional<ProvenState> LastListening() const override { return listening_; }
  const RollTimeouts& Timeouts() const override { return registry_.ForWriter().timeouts; }

 private:
  const std::uint32_t history_;
  MemoryRegistry registry_;
  MemoryArchive archive_;
  CommittedReader reader_;
  Staging staging_;
  std::optional<ProvenState> listening_;
};

}  // namespace

std::unique_ptr<Store> NewMemoryStore(const StoreOptions& options, Random& random) {
  return std::make_unique<MemoryStore>(options, random);
}

}  // namespace muster
