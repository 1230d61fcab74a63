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

  explicit Lap(Database own) : own_(std::move(own)) {}

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
    Outcome moved = own_->Checkpoint();
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
  /// After TakeBack: closes the connection.
  void Close() { own_.reset(); }

 private:
  enum class State { kIdle, kWanted, kRuns };

  mutable Mutex mu_;
  CondVar changed_;
  State state_ ABSL_GUARDED_BY(mu_) = State::kIdle;
  std::optional<Outcome> over_ ABSL_GUARDED_BY(mu_);
  std::optional<Database> own_;  // used by Run only
};

absl::StatusOr<std::unique_ptr<Checkpoints>> Checkpoints::Start(Database& writer, const Location& location,
                                                                Executor& background) {
  absl::StatusOr<Database> own = Database::Open(location, Access::kMoveLog);
  if (!own.ok()) return own.status();
  const absl::StatusOr<std::int64_t> opened = own->QueryInt64("PRAGMA schema_version");
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<Checkpoints>(new Checkpoints(writer, *std::move(own), background));
}

Checkpoints::Checkpoints(Database& writer, Database own, Executor& background)
    : writer_(writer), background_(background), lap_(std::make_shared<Lap>(std::move(own))) {}

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
  catches_up_ = false;
  if (!lap->ok()) return lap->status();
  const bool moved_to_its_end = (*lap)->moved == (*lap)->in_log;
  if (!moved_to_its_end || NewPages() == 0) return absl::OkStatus();
  if (NewPages() <= std::max(kFewPages, writer_.log_pages() / kSmallPart)) return MoveTheRest();
  catches_up_ = true;
  BeginLap();
  return absl::OkStatus();
}

absl::Status Checkpoints::Finish() {
  lap_->TakeBack();
  return MoveTheRest();
}

}  // namespace muster::sqlite
