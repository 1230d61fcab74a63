#include "store/postgres/postgres_store.h"

#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "domain/validation.h"
#include "runtime/real_clock.h"
#include "store/model/token_key.h"
#include "store/postgres/beats.h"
#include "store/postgres/membership.h"
#include "store/postgres/migrations.h"
#include "store/postgres/postgres_reader.h"
#include "store/postgres/transaction.h"
#include "store/postgres/worker_cache.h"
#include "store/postgres/writer_session.h"

namespace muster {
namespace postgres {
namespace {

constexpr absl::Duration kOpenTimeout = absl::Seconds(10);
constexpr absl::Duration kMigrationTimeout = absl::Minutes(5);
// Twice as many workers are cached at most: some 600 bytes each.
constexpr std::size_t kCacheGeneration = 500'000;
// Events beyond the limit go when there are so many, by steps of so many.
constexpr std::int64_t kTrimFrom = 1'000;
constexpr std::int64_t kTrimAtOnce = 10'000;

constexpr Sql kTrimEvents = {"trim_events",
                             "DELETE FROM events WHERE cursor <= $1 AND cursor <= "
                             "(SELECT min(cursor) FROM events) + $2"};
constexpr Sql kEndRun = {"end_run", "UPDATE roll SET runner = '' WHERE runner = $1"};

std::uint64_t RandomNumber() {
  std::random_device random;
  return (std::uint64_t{random()} << 32) | random();
}

class PostgresStore final : public Store {
 public:
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& url, const StoreOptions& options) {
    std::unique_ptr<PostgresStore> store(new PostgresStore(url, options));
    const absl::Status status = store->Start(url);
    if (!status.ok()) return status;
    return store;
  }

  ~PostgresStore() override {
    if (transaction_) transaction_->Abandon();
    if ((took_part_ || runs_) && !session_.Ready()) membership_.Leave(session_);
  }

  const ReadTx& Reader() const override { return *reader_; }
  WriteTx& Begin() override {
    is_step_ = is_batch_ = false;
    transaction_->BeginLocked({});
    return *transaction_;
  }
  Outcome Commit(const ListeningState& listening) override;
  void Rollback() override { transaction_->Abandon(); }

  bool Foresees() const override { return true; }
  WriteTx& BeginBatch(const Foresight& foresight) override;
  bool Overtaken() const override { return overtaken_; }
  WriteTx* BeginStep() override;
  void EndRun() override;
  Result<Standing> Attend(const ListeningReport& own, absl::Duration tick) override;
  bool Shared() const override { return true; }

  bool Maintain(absl::Duration budget) override;
  std::optional<ListeningState> LastListening() const override { return listening_; }

 private:
  // How the next batch is tried: see transaction.h.
  enum class Attempt { kByCache, kFresh, kLocked };

  PostgresStore(const std::string& url, const StoreOptions& options)
      : options_(options),
        dialer_(url, clock_, RandomNumber()),
        pool_(dialer_),
        cache_(kCacheGeneration),
        session_(dialer_, cache_),
        membership_(absl::StrCat(absl::Hex(RandomNumber(), absl::kZeroPad16)), options.holder) {}

  absl::Status Start(const std::string& url);
  /// What the transaction's failure means for its caller.
  WorkerError Judge(const Failure& failure);
  WorkerError DecideAgain(Attempt attempt);
  void Adopt(const RollRow& roll);

  const RealClock clock_;
  const StoreOptions options_;
  Dialer dialer_;
  ConnectionPool pool_;
  WorkerCache cache_;
  WriterSession session_;
  Membership membership_;
  std::optional<PostgresReader> reader_;
  std::optional<Transaction> transaction_;

  std::optional<ListeningState> listening_;
  std::int64_t last_cursor_ = 0;
  std::int64_t trimmed_to_ = 0;
  Attempt attempt_ = Attempt::kByCache;  // of the batch under way, or to come
  bool is_batch_ = false;
  bool overtaken_ = false;
  bool took_part_ = false;
  bool leads_ = false;
  // Runs of jobs.
  bool is_step_ = false;
  bool runs_ = false;  // the roll's row says so
  absl::Duration tick_ = absl::Seconds(1);
  StandsStill runner_;
};

absl::Status PostgresStore::Start(const std::string& url) {
  Reply<Connection> connection = Connection::Open(url, clock_, kOpenTimeout);
  if (!connection.ok()) return StatusOf(connection.failure(), "cannot open the PostgreSQL store");
  absl::Status migrated = Migrate(*connection, EmbeddedMigrations(), kMigrationTimeout);
  if (!migrated.ok()) return migrated;
  const Reply<std::string> key = TokenKeyOf(*connection, NewTokenKey(), kOpenTimeout);
  if (!key.ok()) return StatusOf(key.failure(), "cannot read the PostgreSQL store");
  const Reply<Rows> roll = connection->Run(kReadRoll, {}, kOpenTimeout);
  if (!roll.ok()) return StatusOf(roll.failure(), "cannot read the PostgreSQL store");
  Adopt(ReadRoll(*roll));
  reader_.emplace(pool_, *key, options_.history, options_.max_events);
  transaction_.emplace(session_, *reader_, cache_, options_);
  return absl::OkStatus();
}

void PostgresStore::Adopt(const RollRow& roll) {
  if (roll.clock) listening_ = roll.clock;
  last_cursor_ = roll.last_cursor;
}

WriteTx& PostgresStore::BeginBatch(const Foresight& foresight) {
  is_step_ = false;
  is_batch_ = true;
  if (!overtaken_) attempt_ = foresight.only_heartbeats ? Attempt::kByCache : Attempt::kLocked;
  absl::flat_hash_set<std::string_view> distinct;
  std::vector<std::string_view> ids;
  ids.reserve(foresight.ids.size());
  for (const std::string_view id : foresight.ids) {
    if (distinct.insert(id).second && !CheckWorkerId(id)) ids.push_back(id);
  }
  if (attempt_ == Attempt::kLocked) {
    transaction_->BeginLocked(ids);
  } else {
    transaction_->BeginLight(ids, /*fresh=*/attempt_ == Attempt::kFresh);
  }
  return *transaction_;
}

WriteTx* PostgresStore::BeginStep() {
  transaction_->BeginLocked({});
  is_step_ = true;
  is_batch_ = false;
  if (transaction_->failure()) return &*transaction_;
  const RollRow& roll = transaction_->roll();
  if (!roll.runner.empty() && roll.runner != membership_.id() &&
      runner_.Look(roll.runner, roll.runner_beat) < TicksUntilLost(tick_)) {
    transaction_->Abandon();
    return nullptr;
  }
  return &*transaction_;
}

void PostgresStore::EndRun() {
  if (!std::exchange(runs_, false)) return;
  if (session_.Ready()) return;  // it stands still, and the others notice
  Parameters parameters;
  parameters.Text(membership_.id());
  (void)session_.Run(kEndRun, std::move(parameters));
}

WorkerError PostgresStore::DecideAgain(Attempt attempt) {
  overtaken_ = true;
  attempt_ = attempt;
  return StoreUnavailable{"other daemons change the same workers all the time"};
}

WorkerError PostgresStore::Judge(const Failure& failure) {
  const bool locked = transaction_->kind() == Transaction::Kind::kLocked;
  if (is_batch_ && WasOvertaken(failure)) {
    return DecideAgain(attempt_ == Attempt::kByCache ? Attempt::kFresh : Attempt::kLocked);
  }
  if (is_batch_ && failure.kind == FailureKind::kConflict) {
    return DecideAgain(locked ? Attempt::kLocked : Attempt::kFresh);
  }
  // What came up before the commit was told then.
  if (transaction_->failure()) return WhyUnavailable(failure);
  return Report(failure, "a commit");
}

Outcome PostgresStore::Commit(const ListeningState& at) {
  overtaken_ = false;
  Transaction& transaction = *transaction_;
  if (transaction.failure()) return Judge(*transaction.failure());
  if (transaction.NeedsLock()) return DecideAgain(Attempt::kLocked);
  if (transaction.NeedsFresh()) return DecideAgain(Attempt::kFresh);

  const bool locked = transaction.kind() == Transaction::Kind::kLocked;
  // Only the leader moves the clock. What a follower knows is what the leader said, brought forward: if that
  // were stored, the next follower would bring it forward again, and so on, ever faster than time passes.
  const ListeningState& listening = took_part_ && !leads_ && listening_ ? *listening_ : at;
  const bool clock_stands_still = listening_ && listening_->now == listening.now &&
                                  listening_->allowance_credit == listening.allowance_credit;
  if (transaction.Empty() && !is_step_ && (!locked || clock_stands_still)) {
    transaction.Abandon();
    return Ok();
  }
  const RollRow& roll = transaction.roll();
  const Reply<Nothing> committed = is_step_
                                       ? transaction.Commit(listening, membership_.id(), roll.runner_beat + 1)
                                       : transaction.Commit(listening, roll.runner, roll.runner_beat);
  if (!committed.ok()) return Judge(committed.failure());
  if (locked) {
    listening_ = listening;
    last_cursor_ = transaction.cursor();
    runs_ = runs_ || is_step_;
  }
  return Ok();
}

Result<Standing> PostgresStore::Attend(const ListeningReport& own, absl::Duration tick) {
  tick_ = tick;
  if (const std::optional<Failure> failure = session_.Ready()) return WhyUnavailable(*failure);
  const Reply<Membership::Attended> attended = membership_.Attend(session_, own, tick);
  if (!attended.ok()) return Report(attended.failure(), "taking part among the daemons");
  took_part_ = true;
  leads_ = attended->standing.leads;
  Adopt(attended->roll);
  return attended->standing;
}

bool PostgresStore::Maintain(absl::Duration budget) {
  const bool everything = budget == absl::InfiniteDuration();
  if (!leads_ && !everything) return false;
  const std::int64_t last_to_go = last_cursor_ - options_.max_events;
  if (last_to_go - trimmed_to_ < (everything ? 1 : kTrimFrom) || session_.Ready()) return false;
  Parameters parameters;
  parameters.Int64(last_to_go).Int64(kTrimAtOnce);
  const Reply<Rows> trimmed = session_.Run(kTrimEvents, std::move(parameters));
  if (!trimmed.ok()) return false;  // the next commit tells
  if (trimmed->affected() > 0) return true;
  trimmed_to_ = last_to_go;
  return false;
}

}  // namespace
}  // namespace postgres

absl::StatusOr<std::unique_ptr<Store>> OpenPostgresStore(const std::string& url,
                                                         const StoreOptions& options) {
  return postgres::PostgresStore::Open(url, options);
}

}  // namespace muster
