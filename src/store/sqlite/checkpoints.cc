#include "store/sqlite/checkpoints.h"

#include <algorithm>
#include <utility>

namespace muster::sqlite {
namespace {

// When the log has so many pages (of 4 KiB) that are not moved, the thread sets out.
constexpr std::int64_t kManyPages = 2000;
// So many the writer moves itself, which takes a millisecond or two; more where the log has become large.
constexpr std::int64_t kFewPages = 64;
constexpr std::int64_t kSmallPart = 16;
// The thread is woken by a signal; this is for one that was missed.
constexpr absl::Duration kLookAtLeastEvery = absl::Seconds(60);

}  // namespace

absl::StatusOr<std::unique_ptr<Checkpoints>> Checkpoints::Start(Database& writer, const std::string& path) {
  absl::StatusOr<Database> own = Database::Open(path, Access::kMoveLog);
  if (!own.ok()) return own.status();
  const absl::StatusOr<std::int64_t> opened = own->QueryInt64("PRAGMA schema_version");
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<Checkpoints>(new Checkpoints(writer, *std::move(own)));
}

Checkpoints::Checkpoints(Database& writer, Database own)
    : writer_(writer), own_(std::move(own)), thread_([this] { Work(); }) {}

Checkpoints::~Checkpoints() {
  {
    const MutexLock lock(mu_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

void Checkpoints::Work() {
  while (true) {
    {
      const MutexLock lock(mu_);
      while (!lap_wanted_ && !stopping_) changed_.WaitWithTimeout(mu_, kLookAtLeastEvery);
      if (stopping_) return;
    }
    Lap lap = RunLap();
    const MutexLock lock(mu_);
    lap_wanted_ = false;
    lap_ = std::move(lap);
    changed_.SignalAll();
  }
}

Checkpoints::Lap Checkpoints::RunLap() {
  Lap lap = own_.Checkpoint();
  if (!lap.ok()) return lap;
  absl::Status synced = own_.SyncFile();
  if (!synced.ok()) return synced;
  return lap;
}

std::int64_t Checkpoints::NewPages() const {
  return writer_.log_pages() - (restarts_ == writer_.log_restarts() ? tried_ : 0);
}

bool Checkpoints::IsDue() const {
  const MutexLock lock(mu_);
  return lap_ || (!lap_wanted_ && NewPages() >= kManyPages);
}

void Checkpoints::BeginLap() {
  tried_ = writer_.log_pages();
  restarts_ = writer_.log_restarts();
  const MutexLock lock(mu_);
  lap_wanted_ = true;
  changed_.SignalAll();
}

absl::Status Checkpoints::MoveTheRest() {
  catches_up_ = false;
  tried_ = writer_.log_pages();
  restarts_ = writer_.log_restarts();
  return writer_.Checkpoint().status();
}

absl::Status Checkpoints::Step() {
  std::optional<Lap> lap;
  {
    const MutexLock lock(mu_);
    if (lap_wanted_) return absl::OkStatus();
    lap.swap(lap_);
  }
  if (!lap) {
    if (NewPages() >= kManyPages) BeginLap();
    return absl::OkStatus();
  }
  catches_up_ = false;
  if (!lap->ok()) return lap->status();
  const bool nobody_in_the_way = (*lap)->moved == (*lap)->in_log;
  if (!nobody_in_the_way || NewPages() == 0) return absl::OkStatus();
  if (NewPages() <= std::max(kFewPages, writer_.log_pages() / kSmallPart)) return MoveTheRest();
  catches_up_ = true;
  BeginLap();
  return absl::OkStatus();
}

absl::Status Checkpoints::Finish() {
  {
    const MutexLock lock(mu_);
    while (lap_wanted_) changed_.WaitWithTimeout(mu_, kLookAtLeastEvery);
    lap_.reset();
  }
  return MoveTheRest();
}

}  // namespace muster::sqlite
