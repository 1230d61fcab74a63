#include "store/sqlite/sqlite_store.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/health_metrics.h"
#include "runtime/log.h"
#include "store/model/committed_reader.h"
#include "store/model/staging.h"
#include "store/sqlite/batch_writer.h"
#include "store/sqlite/checkpoints.h"
#include "store/sqlite/database_file.h"
#include "store/sqlite/disk_watch.h"
#include "store/sqlite/failure.h"
#include "store/sqlite/fold.h"
#include "store/sqlite/recovery.h"
#include "store/sqlite/sqlite_archive.h"
#include "store/sqlite/unfolded.h"

namespace muster {
namespace sqlite {
namespace {

// Pages of the database in memory: enough for a commit that touches thousands of workers at random.
constexpr char kCacheSize[] = "PRAGMA cache_size = -16384";
// What a row of maintenance costs, about, and the most rows between two commits.
constexpr absl::Duration kCostOfRow = absl::Microseconds(10);
constexpr int kMaxRowsOfStep = 2000;
constexpr absl::Duration kCheckPathsEvery = absl::Seconds(1);
// Checkpoints keep the log at some megabytes. One that grows on is told each time that it has doubled.
constexpr std::int64_t kLargeLog = 64 << 20;

// Returns from which size on the log is told again.
std::int64_t LookAtLog(std::int64_t bytes, std::int64_t told_from) {
  database_log_bytes.Set(bytes);
  if (bytes < told_from) return bytes < kLargeLog ? kLargeLog : told_from;
  Log(LogLevel::kWarning,
      "the write-ahead log of the database grows: another program may hold a read transaction open",
      {{"mib", absl::StrCat(bytes >> 20)}});
  return 2 * bytes;
}

// As long as the watch lives. In the background, because a file system may hang.
void KeepWatching(std::weak_ptr<DiskWatch> watch, const Clock& clock, Executor& background,
                  std::int64_t log_is_told_from = kLargeLog) {
  background.PostAt(clock.MonotonicNow() + kCheckPathsEvery, [watch = std::move(watch), &clock, &background,
                                                              log_is_told_from]() mutable {
    if (const std::shared_ptr<DiskWatch> alive = watch.lock()) {
      alive->CheckPaths();
      KeepWatching(std::move(watch), clock, background, LookAtLog(alive->log_bytes(), log_is_told_from));
    }
  });
}

// With the same numbers as BatchWriter.
void AddUnfolded(StagedBatch& batch, std::int64_t& next_seq, UnfoldedBeats& unfolded) {
  batch.VisitBeats([&](const Moment& at, std::span<const StagedBeat> beats) {
    unfolded.BeginRow(next_seq++, absl::ToUnixMicros(at.wall), at.listening);
    constexpr std::size_t kAhead = 8;
    for (std::size_t i = 0; i < beats.size(); ++i) {
      if (i + 2 * kAhead < beats.size()) unfolded.PrefetchTail(beats[i + 2 * kAhead].slot);
      if (i + kAhead < beats.size()) unfolded.PrefetchBlock(beats[i + kAhead].slot);
      unfolded.Add(beats[i].slot);
    }
  });
}

class SqliteStore final : public Store {
 public:
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path, const StoreOptions& options,
                                                     const StoreRuntime& runtime) {
    absl::StatusOr<DatabaseFile> file = OpenDatabaseFile({path, options.sqlite_vfs}, options.holder);
    if (!file.ok()) return file.status();
    std::unique_ptr<SqliteStore> store(new SqliteStore(*std::move(file), options));
    const absl::Status status = store->Start(runtime);
    if (absl::IsDataLoss(status)) {
      return absl::DataLossError(
          absl::StrCat(std::string(status.message()), ". The way out: \"Damage\" in docs/database.md."));
    }
    if (!status.ok()) return status;
    return store;
  }

  ~SqliteStore() override;

  const ScanReads& Reader() const override { return *reader_; }
  const PointReads* MemoryReads() const override { return &*reader_; }
  WriteTx& Begin() override { return *staging_; }
  WriteTx& BeginBatch(const BatchKeys& keys) override {
    staging_->CollectKeys(keys);
    return *staging_;
  }
  CommitResult Commit(const ProvenState& listening) override;
  CommitResult CommitStep(const ProvenState& listening) override;
  void Rollback() override { staging_->RolledBack(); }
  std::string StoppedBecause() const override {
    if (!watch().stopped()) return "";
    const std::optional<DiskWatch::Fault> fault = watch().fault();
    return fault ? fault->Reason() : "";
  }
  bool Maintain(absl::Duration budget) override;
  double Backlog() const override {
    // While maintenance fails, commands do not wait for it: the next commit may set it going again.
    return maintenance_waits_ ? 0 : fold_->Backlog();
  }
  std::int64_t WorkerCount() const override { return registry_.ForWriter().WorkerCount(); }
  std::optional<ProvenState> LastListening() const override { return listening_; }
  const RollTimeouts& Timeouts() const override { return registry_.ForWriter().timeouts; }

 private:
  SqliteStore(DatabaseFile file, const StoreOptions& options)
      : file_(std::move(file)),
        options_(options),
        archive_(registry_, file_.location, options.history, options.max_events) {}

  absl::Status Start(const StoreRuntime& runtime);
  DiskWatch& watch() const { return *file_.watch(); }
  CommitResult Committed() const { return CommitResult::Committed(registry_.ForWriter().last_cursor); }
  CommitResult Failed(const absl::Status& status);
  /// Once in each outage, with the cause.
  void SayFailing(const absl::Status& status);
  void SayStopped();
  void MakeVisible(StagedBatch& batch, const ProvenState& listening, std::int64_t next_seq);
  absl::Status MaintainStep(int rows);
  absl::Status TrimEvents(int rows);
  bool MaintenanceIsDue() const;
  /// Work that can wait lets the log be moved to its end first, unless commands wait for that work.
  bool WaitsForLog() const { return checkpoints_->CatchesUp() && fold_->Backlog() < 1; }
  std::int64_t FirstEventToKeep() const {
    return registry_.ForWriter().last_cursor - options_.max_events + 1;
  }

  DatabaseFile file_;  // first: so it goes last, after the other connections
  const StoreOptions options_;
  SharedRegistry registry_;
  SqliteArchive archive_;
  std::optional<CommittedReader> reader_;
  std::optional<Staging> staging_;
  std::optional<BatchWriter> writer_;
  std::optional<Fold> fold_;
  Statement trim_events_;
  std::unique_ptr<Checkpoints> checkpoints_;

  std::optional<ProvenState> listening_;
  std::int64_t next_seq_ = 1;
  std::int64_t first_event_ = 1;
  bool trims_ = false;               // the last step of maintenance trimmed events
  bool make_room_ = false;           // the last commit found the disk full
  bool maintenance_waits_ = false;   // for a commit to succeed, after a failure
  bool maintenance_failed_ = false;  // and the log says so
  bool said_failing_ = false;        // that commits fail
  bool said_stopped_ = false;
};

// In order: the database alone has everything, and a name that no log has had. So an old log that is put back
// next to it is refused, and a start finds that nothing is left to do.
SqliteStore::~SqliteStore() {
  if (checkpoints_ == nullptr || watch().stopped()) return;
  checkpoints_.reset();
  absl::Status closed = file_.connection.CheckpointAll();
  if (closed.ok()) closed = file_.connection.Begin();
  if (closed.ok()) closed = file_.connection.Commit();
  if (closed.ok()) closed = file_.connection.CheckpointAll();
  if (!closed.ok()) SayFailing(closed);
}

absl::Status SqliteStore::Start(const StoreRuntime& runtime) {
  Database& database = file_.connection;
  absl::Status status = database.Execute(kCacheSize);
  if (!status.ok()) return status;
  {
    const MutexLock lock(registry_.mu);
    absl::StatusOr<Recovered> recovered =
        Recover(database, runtime.random, registry_.model, registry_.unfolded);
    if (!recovered.ok()) return recovered.status();
    next_seq_ = recovered->next_seq;
    first_event_ = recovered->first_event;
    listening_ = recovered->listening;
    reader_.emplace(registry_, archive_, std::move(recovered->token_key));
    staging_.emplace(registry_.ForWriter(), recovered->last_revision);
  }
  absl::StatusOr<BatchWriter> writer = BatchWriter::Prepare(database);
  if (!writer.ok()) return writer.status();
  writer_.emplace(*std::move(writer));
  absl::StatusOr<Fold> fold = Fold::Prepare(database, registry_, options_.history);
  if (!fold.ok()) return fold.status();
  fold_.emplace(*std::move(fold));
  absl::StatusOr<Statement> trim = database.Prepare("DELETE FROM events WHERE cursor < ?");
  if (!trim.ok()) return trim.status();
  trim_events_ = *std::move(trim);
  absl::StatusOr<std::unique_ptr<Checkpoints>> checkpoints =
      Checkpoints::Start(database, file_.location, runtime.background);
  if (!checkpoints.ok()) return checkpoints.status();
  checkpoints_ = *std::move(checkpoints);
  watch().WhenSyncFails(runtime.on_failed_sync);
  KeepWatching(file_.watch(), runtime.clock, runtime.background);
  return absl::OkStatus();
}

CommitResult SqliteStore::Commit(const ProvenState& listening) {
  StagedBatch& batch = staging_->batch();
  if (watch().stopped()) {
    SayStopped();
    staging_->Failed();
    return CommitResult::Failed(StoppedBecause());
  }
  batch.DropOrphans();
  // On a full disk: what the log holds may find room in the database, and then the log has room again.
  if (make_room_) (void)file_.connection.Checkpoint();
  const absl::StatusOr<std::int64_t> next_seq =
      writer_->Write(batch, registry_.ForWriter(), next_seq_, staging_->last_revision(), listening);
  make_room_ = absl::IsResourceExhausted(next_seq.status());
  if (!next_seq.ok()) return Failed(next_seq.status());
  MakeVisible(batch, listening, *next_seq);
  staging_->Committed();
  listening_ = listening;
  maintenance_waits_ = false;
  if (std::exchange(said_failing_, false)) Log(LogLevel::kInfo, "the store can be written again");
  return Committed();
}

CommitResult SqliteStore::CommitStep(const ProvenState& listening) {
  if (!staging_->batch().Empty()) return Commit(listening);
  staging_->RolledBack();
  return CommitResult::NothingToWrite(registry_.ForWriter().last_cursor);
}

CommitResult SqliteStore::Failed(const absl::Status& status) {
  staging_->Failed();
  const std::string stopped = StoppedBecause();
  stopped.empty() ? SayFailing(status) : SayStopped();
  StoreUnavailable why = WhyUnavailable(status);
  if (!stopped.empty()) why.reason = stopped;
  return why.in_doubt ? CommitResult::InDoubt(std::move(why.reason))
                      : CommitResult::Failed(std::move(why.reason));
}

void SqliteStore::SayFailing(const absl::Status& status) {
  const std::string disk = watch().TakeFailure();
  if (std::exchange(said_failing_, true)) return;
  Log(LogLevel::kWarning, "the store cannot be written",
      {{"because", disk.empty() ? std::string(status.message()) : disk}});
}

void SqliteStore::SayStopped() {
  const std::optional<DiskWatch::Fault> fault = watch().fault();
  if (!fault || std::exchange(said_stopped_, true)) return;
  Log(LogLevel::kWarning, "the store is not written any more, until it is opened anew; see docs/database.md",
      {{"because", fault->cause}});
}

void SqliteStore::MakeVisible(StagedBatch& batch, const ProvenState& listening, std::int64_t next_seq) {
  const MutexLock lock(registry_.mu);
  for (const std::uint32_t slot : batch.removed)
    registry_.unfolded.Clear(slot);  // before other workers get them
  Apply(batch, registry_.model);
  registry_.unfolded.GrowTo(registry_.model.SlotCount());
  AddUnfolded(batch, next_seq_, registry_.unfolded);
  // A row that has only the clock.
  if (next_seq_ < next_seq) registry_.unfolded.BeginRow(next_seq_++, 0, listening.proven);
}

bool SqliteStore::MaintenanceIsDue() const {
  return checkpoints_->IsDue() || first_event_ < FirstEventToKeep() ||
         (listening_ && fold_->IsDue(listening_->proven));
}

bool SqliteStore::Maintain(absl::Duration budget) {
  const bool everything = budget == absl::InfiniteDuration();
  if (watch().stopped() || maintenance_waits_ || !listening_ || (!everything && !MaintenanceIsDue())) {
    return false;
  }
  const int rows = everything ? kMaxRowsOfStep
                              : static_cast<int>(std::clamp(absl::FDivDuration(budget, kCostOfRow), 16.0,
                                                            static_cast<double>(kMaxRowsOfStep)));
  absl::Status status;
  do {
    status = MaintainStep(rows);
  } while (status.ok() && everything && (MaintenanceIsDue() || fold_->HasWork()));
  if (status.ok() && everything) status = checkpoints_->Finish();
  // A failure loses nothing: the step is made again, after the next commit that succeeds. Logged once.
  if (watch().stopped()) SayStopped();
  if (!status.ok() && !maintenance_failed_ && !watch().stopped()) {
    Log(LogLevel::kWarning, "store maintenance fails", {{"reason", std::string(status.message())}});
  }
  maintenance_failed_ = maintenance_waits_ = !status.ok();
  return status.ok() && !WaitsForLog() && MaintenanceIsDue();
}

absl::Status SqliteStore::MaintainStep(int rows) {
  if (checkpoints_->IsDue()) return checkpoints_->Step();
  if (WaitsForLog()) return absl::OkStatus();
  // No caller waits for this to be durable, so it need not wait for the disk.
  absl::Status status = file_.connection.SyncCommits(false);
  if (!status.ok()) return status;
  // They take turns, so that neither waits for the end of the other.
  trims_ = first_event_ < FirstEventToKeep() && (!trims_ || !fold_->IsDue(listening_->proven));
  if (trims_) {
    status = TrimEvents(rows);
  } else if (fold_->HasWork()) {
    status = fold_->Step(next_seq_ - 1, rows);
  }
  absl::Status synced = file_.connection.SyncCommits(true);
  return status.ok() ? synced : status;
}

absl::Status SqliteStore::TrimEvents(int rows) {
  const std::int64_t first = std::min(FirstEventToKeep(), first_event_ + rows);
  Transaction transaction(file_.connection);
  absl::Status status = transaction.Begin();
  if (status.ok()) status = trim_events_.Run(first);
  if (status.ok()) status = transaction.Commit();
  if (status.ok()) first_event_ = first;
  return status;
}

}  // namespace
}  // namespace sqlite

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const std::string& path, const StoreOptions& options,
                                                       const StoreRuntime& runtime) {
  return sqlite::SqliteStore::Open(path, options, runtime);
}

}  // namespace muster
