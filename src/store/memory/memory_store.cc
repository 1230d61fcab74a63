#include "store/memory/memory_store.h"

#include <optional>
#include <string>

#include "store/memory/memory_archive.h"
#include "store/model/committed_reader.h"
#include "store/model/shared_model.h"
#include "store/model/staging.h"
#include "store/model/token_key.h"

namespace muster {
namespace {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(const StoreOptions& options)
      : archive_(shared_, options.history, options.max_events),
        reader_(shared_, archive_, NewTokenKey()),
        staging_(shared_.ForWriter(), archive_, reader_.TokenKey(), 0) {}

  const ReadTx& Reader() const override { return reader_; }
  WriteTx& Begin() override { return staging_; }

  Outcome Commit(const ListeningState& listening) override {
    StagedBatch& batch = staging_.batch();
    if (!batch.Empty()) {
      batch.DropOrphans();
      {
        const MutexLock lock(shared_.mu);
        archive_.Forget(batch);
        Apply(batch, shared_.model);
        archive_.Remember(batch);
      }
      archive_.Add(batch.events);
    }
    staging_.Committed();
    listening_ = listening;
    return Ok();
  }

  void Rollback() override { staging_.RolledBack(); }
  bool Maintain(absl::Duration /*budget*/) override { return false; }
  std::optional<ListeningState> LastListening() const override { return listening_; }

 private:
  SharedModel shared_;
  MemoryArchive archive_;
  CommittedReader reader_;
  Staging staging_;
  std::optional<ListeningState> listening_;
};

}  // namespace

std::unique_ptr<Store> NewMemoryStore(const StoreOptions& options) {
  return std::make_unique<MemoryStore>(options);
}

}  // namespace muster
