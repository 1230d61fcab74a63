#include "store/postgres/postgres_store.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "domain/validation.h"
#include "runtime/log.h"
#include "store/postgres/beats.h"
#include "store/postgres/daemon_group.h"
#include "store/postgres/migrations.h"
#include "store/postgres/postgres_reader.h"
#include "store/postgres/runs.h"
#include "store/postgres/settings_record.h"
#include "store/postgres/totals.h"
#include "store/postgres/transaction.h"
#include "store/postgres/usage_count.h"
#include "store/postgres/worker_cache.h"
#include "store/postgres/writer_session.h"

namespace muster {
namespace postgres {
namespace {

constexpr absl::Duration kOpenTimeout = absl::Seconds(10);
constexpr absl::Duration kMigrationTimeout = absl::Minutes(5);
// At most twice as many workers are cached: about 600 bytes each.
constexpr std::size_t kCacheGeneration = 500'000;
// Events above the limit are removed when there are this many, in steps of this many.
constexpr std::int64_t kTrimFrom = 1'000;
constexpr std::int64_t kTrimAtOnce = 10'000;
// How often totals are counted anew where a program that does not keep them also makes changes, as during an
// upgrade. All changes wait for the count.
constexpr absl::Duration kCountTotalsEvery = absl::Minutes(1);

constexpr Sql kTrimEvents = {"trim_events",
                             "DELETE FROM events WHERE cursor <= $1 AND cursor <= "
                             "(SELECT min(cursor) FROM events) + $2"};
constexpr Sql kEndRun = {"end_run", "UPDATE roll SET runner = '' WHERE runner = $1"};

// Different for all daemons that ever were.
std::string NewDaemonId(Random& random) {
  std::uint64_t number = 0;
  random.Fill({reinterpret_cast<char*>(&number), sizeof number});
  return absl::StrCat(absl::Hex(number, absl::kZeroPad16));
}

class PostgresStore final : public Store, private Coordination {
 public:
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& url, const StoreOptions& options,
                                                     const StoreRuntime& runtime) {
    std::unique_ptr<PostgresStore> store(new PostgresStore(url, options, runtime));
    const absl::Status status = store->Start(url, runtime.random);
    if (!status.ok()) return status;
    return store;
  }

  ~PostgresStore() override {
    if (transaction_) transaction_->Abandon();
    if ((took_part_ || runs_jobs_) && !session_.Ready()) group_.Leave(session_);
  }

  const ScanReads& Reader() const override { return *reader_; }
  WriteTx& Begin() override {
    is_batch_ = false;
    transaction_->BeginLocked({});
    return *transaction_;
  }
  WriteTx& BeginBatch(const BatchKeys& keys) override;
  WriteTx& BeginStep() override;
  CommitResult Commit(const ProvenState& listening) override;
  CommitResult CommitStep(const ProvenState& listening) override;
  void Rollback() override { transaction_->Abandon(); }

  bool PrefersHeartbeatsAlone() const override { return true; }
  Coordination* coordination() override { return this; }

  bool Maintain(absl::Duration budget) override;
  std::int64_t WorkerCount() const override { return workers_; }
  std::optional<ProvenState> LastListening() const override { return listening_; }
  const RollTimeouts& Timeouts() const override { return transaction_->Timeouts(); }

 private:
  // How the next batch is tried: see transaction.h.
  enum class Attempt { kByCache, kFresh, kLocked };

  PostgresStore(const std::string& url, const StoreOptions& options, const StoreRuntime& runtime)
      : clock_(runtime.clock),
        options_(options),
        dialer_(url, clock_, runtime.random.Bits()),
        pool_(dialer_),
        cache_(kCacheGeneration),
        session_(dialer_, cache_),
        group_(NewDaemonId(runtime.random), options.holder),
        runs_(group_.id()),
        held_(clock_),
        usage_(pool_, clock_, runtime.background) {}

  // Coordination.
  Result<Membership> RenewMembership(const ListeningReport& own, const Settings& settings,
                                     absl::Duration tick) override;
  void EndRun() override;

  absl::Status Start(const std::string& url, Random& random);
  /// What a failure of the transaction means for its caller.
  CommitResult Classify(const Failure& failure);
  CommitResult DecideAgain(Attempt attempt);
  CommitResult FindWhatIsHeld(const Failure& failure);
  CommitResult Write(const ProvenState& listening);
  void Adopt(const RegistryRow& registry);
  bool Follows() const { return took_part_ && !leads_; }

  const Clock& clock_;
  const StoreOptions options_;
  Dialer dialer_;
  ConnectionPool pool_;
  WorkerCache cache_;
  WriterSession session_;
  DaemonGroup group_;
  Runs runs_;
  HeldRows held_;
  UsageCount usage_;
  std::optional<PostgresReader> reader_;
  std::optional<Transaction> transaction_;

  std::optional<ProvenState> listening_;
  std::int64_t last_cursor_ = 0;
  std::int64_t workers_ = 0;
  bool totals_are_kept_ = true;
  absl::Duration count_totals_at_ = -absl::InfiniteDuration();  // not before
  std::int64_t trimmed_to_ = 0;
  Attempt attempt_ = Attempt::kByCache;  // of the current or the next batch
  std::vector<std::string_view> batch_;  // its ids
  bool is_batch_ = false;
  bool lost_race_ = false;
  bool took_part_ = false;
  bool leads_ = false;
  bool runs_jobs_ = false;  // the roll's row says so
  bool outdated_ = false;   // the schema is no longer for this program
};

absl::Status PostgresStore::Start(const std::string& url, Random& random) {
  Reply<Connection> connection = Connection::Open(url, clock_, kOpenTimeout);
  if (!connection.ok()) return StatusOf(connection.error(), "cannot open the PostgreSQL store");
  absl::Status migrated = Migrate(*connection, EmbeddedMigrations(), kMigrationTimeout);
  if (!migrated.ok()) return migrated;
  const Reply<std::string> key = TokenKeyOf(*connection, NewTokenKey(random), kOpenTimeout);
  if (!key.ok()) return StatusOf(key.error(), "cannot read the PostgreSQL store");
  const Reply<Rows> rows = connection->Run(kReadRegistry, {}, kOpenTimeout);
  const Reply<RegistryRow> registry = rows.ok() ? ReadRegistry(*rows) : rows.error();
  if (!registry.ok()) return StatusOf(registry.error(), "cannot read the PostgreSQL store");
  reader_.emplace(pool_, *key, options_.history, options_.max_events);
  transaction_.emplace(session_, cache_, runs_, held_, options_.history);
  Adopt(*registry);
  return absl::OkStatus();
}

void PostgresStore::Adopt(const RegistryRow& registry) {
  if (registry.clock) listening_ = registry.clock;
  last_cursor_ = registry.last_cursor;
  workers_ = registry.workers;
  totals_are_kept_ = registry.totals_are_kept;
  transaction_->Learn(registry.timeouts);
}

WriteTx& PostgresStore::BeginBatch(const BatchKeys& keys) {
  is_batch_ = true;
  if (!lost_race_) attempt_ = keys.only_heartbeats ? Attempt::kByCache : Attempt::kLocked;
  absl::flat_hash_set<std::string_view> distinct;
  batch_.clear();
  for (const std::string_view id : keys.ids) {
    if (distinct.insert(id).second && !CheckWorkerId(id)) batch_.push_back(id);
  }
  if (attempt_ == Attempt::kLocked) {
    transaction_->BeginLocked(batch_);
  } else {
    transaction_->BeginLight(batch_, /*fresh=*/attempt_ == Attempt::kFresh);
  }
  return *transaction_;
}

WriteTx& PostgresStore::BeginStep() {
  is_batch_ = false;
  transaction_->BeginStep();
  return *transaction_;
}

void PostgresStore::EndRun() {
  transaction_->EndRun();
  if (!std::exchange(runs_jobs_, false)) return;
  if (session_.Ready()) return;  // its number stands still, and the others notice
  Parameters parameters;
  parameters.Text(group_.id());
  (void)session_.Run(kEndRun, std::move(parameters));
}

CommitResult PostgresStore::DecideAgain(Attempt attempt) {
  lost_race_ = true;
  attempt_ = attempt;
  return CommitResult::LostRace();
}

CommitResult PostgresStore::Classify(const Failure& failure) {
  if (is_batch_ && RefusedInError(failure)) {
    transaction_->ForgetRefused();
    return DecideAgain(Attempt::kByCache);
  }
  if (is_batch_ && LostRace(failure)) {
    return DecideAgain(attempt_ == Attempt::kByCache ? Attempt::kFresh : Attempt::kLocked);
  }
  if (is_batch_ && IsHeld(failure) && !RegistryIsHeld(failure)) return FindWhatIsHeld(failure);
  if (is_batch_ && failure.kind == FailureKind::kConflict && !IsHeld(failure)) {
    return DecideAgain(transaction_->locked() ? Attempt::kLocked : Attempt::kFresh);
  }
  if (failure.kind == FailureKind::kBadValue) {
    // At debug: a client can cause this as often as it likes.
    Log(LogLevel::kDebug, "the database refuses a value",
        {{"sqlstate", failure.sqlstate}, {"detail", failure.detail}});
    return CommitResult::Refused("brings a value that the database refuses");
  }
  // A failure before the commit was already reported.
  const StoreUnavailable error =
      transaction_->failure() ? WhyUnavailable(failure) : Report(failure, "a commit");
  return error.in_doubt ? CommitResult::InDoubt(error.reason) : CommitResult::Failed(error.reason);
}

// The batch again, without the rows that other programs hold.
CommitResult PostgresStore::FindWhatIsHeld(const Failure& failure) {
  const Reply<Nothing> looked = transaction_->LookForHeld(batch_);
  if (looked.ok()) return DecideAgain(attempt_);
  // A whole table is held, or the server failed.
  return CommitResult::Failed(Report(IsHeld(looked.error()) ? failure : looked.error(), "a commit").reason);
}

CommitResult PostgresStore::Commit(const ProvenState& at) {
  lost_race_ = false;
  Transaction& transaction = *transaction_;
  if (transaction.failure()) return Classify(*transaction.failure());
  if (transaction.NeedsLock()) return DecideAgain(Attempt::kLocked);
  const bool clock_stands_still = Follows() || listening_ == at;
  if (transaction.NothingToAsk() && (!transaction.locked() || clock_stands_still)) {
    transaction.Abandon();
    return CommitResult::NothingToWrite(last_cursor_);
  }
  return Write(at);
}

CommitResult PostgresStore::CommitStep(const ProvenState& at) {
  lost_race_ = false;
  Transaction& transaction = *transaction_;
  if (!transaction.Empty() && transaction.ClaimRun()) {
    const CommitResult result = Write(at);
    runs_jobs_ = runs_jobs_ || result.committed();
    return result;
  }
  if (transaction.failure()) return Classify(*transaction.failure());
  if (transaction.refused()) return CommitResult::LostRace();
  transaction.Abandon();
  return CommitResult::NothingToWrite(last_cursor_);
}

CommitResult PostgresStore::Write(const ProvenState& listening) {
  const bool locked = transaction_->locked();
  // Only the leader moves the clock. What a follower knows is what the leader said, brought forward. If a
  // follower stored that, the next follower would bring it forward again, and so on: the clock would run
  // faster than time.
  const Reply<Nothing> committed = transaction_->Commit(Follows() ? nullptr : &listening);
  if (!committed.ok()) return Classify(committed.error());
  if (locked) {
    if (!Follows()) listening_ = listening;
    last_cursor_ = transaction_->registry().last_cursor;
    workers_ = transaction_->registry().workers;
  }
  return CommitResult::Committed(last_cursor_);
}

Result<Membership> PostgresStore::RenewMembership(const ListeningReport& own, const Settings& settings,
                                                  absl::Duration tick) {
  runs_.SetTick(tick);
  held_.ForgetOld();
  if (const std::optional<Failure> failure = session_.Ready()) return WhyUnavailable(*failure);
  if (outdated_) {
    const Reply<Rows> rows = session_.Run(kReadRegistry, {});
    const Reply<RegistryRow> registry = rows.ok() ? ReadRegistry(*rows) : rows.error();
    if (!registry.ok()) return WhyUnavailable(registry.error());
    outdated_ = false;
  }
  Reply<DaemonGroup::Renewed> renewed = group_.Renew(session_, own, SettingsRecord(settings, options_), tick);
  if (!renewed.ok()) {
    outdated_ = renewed.error().kind == FailureKind::kOutdated;
    if (outdated_) group_.Leave(session_);  // so that the others need not wait for it
    return Report(renewed.error(), "taking part among the daemons");
  }
  took_part_ = true;
  leads_ = renewed->membership.leads;
  Adopt(renewed->registry);
  return std::move(renewed->membership);
}

bool PostgresStore::Maintain(absl::Duration budget) {
  const bool everything = budget == absl::InfiniteDuration();
  if (!leads_ && !everything) return false;
  if (!totals_are_kept_ && clock_.MonotonicNow() >= count_totals_at_) {
    count_totals_at_ = clock_.MonotonicNow() + kCountTotalsEvery;
    totals_are_kept_ = transaction_->CountTotals();
  }
  if (leads_ && workers_ > kCountedAtEachAsk) usage_.CountIfDue();
  const std::int64_t last_to_go = last_cursor_ - options_.max_events;
  if (last_to_go - trimmed_to_ < (everything ? 1 : kTrimFrom) || session_.Ready()) return false;
  Parameters parameters;
  parameters.Int64(last_to_go).Int64(kTrimAtOnce);
  const Reply<Rows> trimmed = session_.Run(kTrimEvents, std::move(parameters));
  if (!trimmed.ok()) return false;  // the next commit reports it
  if (trimmed->affected() > 0) return true;
  trimmed_to_ = last_to_go;
  return false;
}

}  // namespace
}  // namespace postgres

absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(const std::string& url, const StoreOptions& options,
                                                         const StoreRuntime& runtime) {
  return postgres::PostgresStore::Open(url, options, runtime);
}

}  // namespace muster
