#include "store/sqlite/checkpoints.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "runtime/mutex.h"

namespace muster::sqlite {
namespace {

// When the log has so many pages (of 4 KiB) that are not moved yet, a lap begins.
constexpr std::int64_t kManyPages = 2000;
// The writer moves up to so many itself: that takes a millisecond or two. It moves more where the log is
// large.
constexpr std::int64_t kFewPages = 64;
constexpr std::int64_t kSmallPart = 16;
// The end of a lap is signalled. This is for a signal that was missed.
constexpr absl::Duration kLookAtLeastEvery = absl::Seconds(60);

}  // namespace

/// One lap at a time: the writer asks for it, the background executor runs it. Thread-safe.
class Checkpoints::Lap {
 public:
  using Outcome = absl::StatusOr<Database::Moved>;

  Lap(Database own, Database pin) : own_(std::move(own)), pin_(std::move(pin)) {}

  void Want() {
    const MutexLock lock(mu_);
    state_ = State::kWanted;
  }

  /// For the background executor. Does nothing if the lap was cancelled.
  void Run() {
    {
      const MutexLock lock(mu_);
      if (state_ != State::kWanted) return;
      state_ = State::kRuns;
    }
    Outcome moved = Pin();
    if (moved.ok()) moved = own_->Checkpoint();
    if (moved.ok()) {
      if (absl::Status synced = own_->SyncFile(); !synced.ok()) moved = std::move(synced);
    }
    const MutexLock lock(mu_);
    state_ = State::kIdle;
    over_ = std::move(moved);
    changed_.SignalAll();
  }

  bool Busy() const {
    const MutexLock lock(mu_);
    return state_ != State::kIdle;
  }
  bool Over() const {
    const MutexLock lock(mu_);
    return over_.has_value();
  }
  /// The outcome of the lap that is over. Given once.
  std::optional<Outcome> TakeOutcome() {
    const MutexLock lock(mu_);
    return std::exchange(over_, std::nullopt);
  }
  /// When it returns, no lap runs, and none will.
  void TakeBack() {
    const MutexLock lock(mu_);
    if (state_ == State::kWanted) state_ = State::kIdle;
    while (state_ == State::kRuns) changed_.WaitWithTimeout(mu_, kLookAtLeastEvery);
    over_.reset();
  }
  /// After TakeOutcome or TakeBack: the log may begin anew again.
  void Unpin() {
    if (std::exchange(pinned_, false)) (void)pin_->Execute("COMMIT");
  }
  /// After TakeBack: closes the connections.
  void Close() {
    Unpin();
    own_.reset();
    pin_.reset();
  }

 private:
  // A reader holds the log until the writer knows what became of the lap: a log that begins anew must begin
  // with its name (log_binding.h).
  Outcome Pin() {
    absl::Status begun = pin_->Execute("BEGIN; SELECT count(*) FROM sqlite_schema");
    pinned_ = true;
    if (!begun.ok()) return begun;
    return Database::Moved();
  }

  enum class State { kIdle, kWanted, kRuns };

  mutable Mutex mu_;
  CondVar changed_;
  State state_ ABSL_GUARDED_BY(mu_) = State::kIdle;
  std::optional<Outcome> over_ ABSL_GUARDED_BY(mu_);
  // Used by Run while it runs, and by the writer while it does not.
  std::optional<Database> own_;
  std::optional<Database> pin_;
  bool pinned_ = false;
};

absl::StatusOr<std::unique_ptr<Checkpoints>> Checkpoints::Start(Database& writer, const Location& location,
                                                                Executor& background) {
  absl::StatusOr<Database> own = Database::Open(location, Access::kMoveLog);
  if (!own.ok()) return own.status();
  const absl::StatusOr<std::int64_t> opened = own->QueryInt64("PRAGMA schema_version");
  if (!opened.ok()) return opened.status();
  absl::StatusOr<Database> pin = Database::Open(location, Access::kReadOnly);
  if (!pin.ok()) return pin.status();
  return std::unique_ptr<Checkpoints>(
      new Checkpoints(writer, std::make_shared<Lap>(*std::move(own), *std::move(pin)), background));
}

Checkpoints::Checkpoints(Database& writer, std::shared_ptr<Lap> lap, Executor& background)
    : writer_(writer), background_(background), lap_(std::move(lap)) {}

Checkpoints::~Checkpoints() {
  lap_->TakeBack();
  lap_->Close();
}

std::int64_t Checkpoints::NewPages() const {
  return writer_.log_pages() - (restarts_ == writer_.log_restarts() ? tried_ : 0);
}

bool Checkpoints::IsDue() const {
  return lap_->Over() || (!lap_->Busy() && NewPages() >= kManyPages);
}

void Checkpoints::BeginLap() {
  tried_ = writer_.log_pages();
  restarts_ = writer_.log_restarts();
  lap_->Want();
  background_.Post([lap = lap_] { lap->Run(); });
}

absl::Status Checkpoints::MoveTheRest() {
  catches_up_ = false;
  tried_ = writer_.log_pages();
  restarts_ = writer_.log_restarts();
  return writer_.Checkpoint().status();
}

absl::Status Checkpoints::Step() {
  if (lap_->Busy()) return absl::OkStatus();
  const std::optional<Lap::Outcome> lap = lap_->TakeOutcome();
  if (!lap) {
    if (NewPages() >= kManyPages) BeginLap();
    return absl::OkStatus();
  }
  lap_->Unpin();
  catches_up_ = false;
  if (!lap->ok()) return lap->status();
  // To the end that the log had when the lap began, at least.
  const bool moved_to_its_end = (*lap)->moved >= tried_;
  if (moved_to_its_end && NewPages() == 0) writer_.BindNext();
  if (!moved_to_its_end || NewPages() == 0) return absl::OkStatus();
  if (NewPages() <= std::max(kFewPages, writer_.log_pages() / kSmallPart)) return MoveTheRest();
  catches_up_ = true;
  BeginLap();
  return absl::OkStatus();
}

absl::Status Checkpoints::Finish() {
  lap_->TakeBack();
  lap_->Unpin();
  return MoveTheRest();
}

}  // namespace muster::sqlite
