#include "store/sqlite/fold.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "store/sqlite/packed.h"

namespace muster::sqlite {
namespace {

// A fold writes a row of about 450 bytes for each worker; a heartbeat in the journal takes a few bytes.
constexpr std::int64_t kBeatsForEachRow = 8;
constexpr std::int64_t kFewBeats = 4096;
// A small fold starts sooner, as soon as its rows come to no more than 200 a second. So the tables that
// people look at are not far behind.
constexpr absl::Duration kLagForEachRow = absl::Milliseconds(5);
constexpr absl::Duration kShortestLag = absl::Seconds(5);
constexpr absl::Duration kLongestLag = absl::Minutes(5);
// Limits on the rows of the journal, however little is in them: at how many a fold begins, and how many there
// may be.
constexpr std::size_t kManyRows = 250'000;
constexpr std::size_t kMaxRows = 1'000'000;
// How many heartbeats may wait: each takes about 5 bytes of memory. A fold that never rests finds about half
// of them still waiting. The journal has the heartbeats of two folds, 3 or 4 bytes each.
constexpr std::int64_t kRoom = 1'000'000;
constexpr std::int64_t kRoomForEachWorker = 16;
constexpr double kJournalRoom = 4;
// A step also costs a little for a worker without new heartbeats.
constexpr std::uint32_t kSlotsInAStep = 1U << 16;
// To delete a row of the journal takes a quarter of the time that it takes to fold a worker, and the time of
// one more worker for every so many heartbeats in the row: each page of a large row is read and freed.
constexpr double kDeletingOfFolding = 0.25;
constexpr double kBeatsAsOneFolded = 2500;

}  // namespace

absl::StatusOr<Fold> Fold::Prepare(Database& database, SharedRegistry& registry, int history) {
  Fold fold(database, registry, history);
  const std::pair<Statement*, std::string_view> statements[] = {
      {&fold.find_pulse_, "SELECT last_at, recent FROM pulses WHERE key = ?"},
      {&fold.put_pulse_,
       "INSERT INTO pulses (key, total, last_at, heard_at, in_use, folded_seq, recent) VALUES (?, ?, ?, ?, "
       "?, ?, ?)"
       " ON CONFLICT (key) DO UPDATE SET total = excluded.total, last_at = excluded.last_at,"
       " heard_at = excluded.heard_at, in_use = excluded.in_use, folded_seq = excluded.folded_seq,"
       " recent = excluded.recent"},
      {&fold.delete_journal_, "DELETE FROM journal WHERE seq <= ?"},
  };
  for (const auto& [statement, sql] : statements) {
    absl::StatusOr<Statement> prepared = database.Prepare(sql);
    if (!prepared.ok()) return prepared.status();
    *statement = *std::move(prepared);
  }
  return fold;
}

double Fold::Backlog() const {
  const UnfoldedBeats& unfolded = registry_->UnfoldedForWriter();
  const auto room =
      static_cast<double>(std::max(kRoom, kRoomForEachWorker * registry_->ForWriter().WorkerCount()));
  return std::max({static_cast<double>(unfolded.beats()) / room,
                   static_cast<double>(unfolded.journaled()) / (kJournalRoom * room),
                   static_cast<double>(unfolded.rows()) / static_cast<double>(kMaxRows)});
}

bool Fold::HasWork() const {
  const UnfoldedBeats& unfolded = registry_->UnfoldedForWriter();
  return phase_ != Phase::kIdle || unfolded.rows() > 1 || unfolded.beats() > 0;
}

bool Fold::IsDue(ListeningTime now) const {
  if (phase_ != Phase::kIdle) return true;
  if (!HasWork()) return false;
  const UnfoldedBeats& unfolded = registry_->UnfoldedForWriter();
  const absl::Duration lag = std::clamp(kLagForEachRow * unfolded.workers(), kShortestLag, kLongestLag);
  return unfolded.beats() >= std::max(kFewBeats, kBeatsForEachRow * unfolded.workers()) ||
         unfolded.rows() >= kManyRows || now - unfolded.OldestListening() >= lag;
}

absl::Status Fold::Step(std::int64_t last_seq, int rows) {
  if (phase_ == Phase::kIdle) {
    phase_ = Phase::kFolding;
    through_ = last_seq;
    next_slot_ = 0;
    deleted_ = registry_->UnfoldedForWriter().FirstSeq() - 1;
  }
  return phase_ == Phase::kFolding ? FoldSome(last_seq, rows) : DeleteSome(rows);
}

absl::Status Fold::FoldSome(std::int64_t last_seq, int rows) {
  const UnfoldedBeats& unfolded = registry_->UnfoldedForWriter();
  const std::uint32_t slots = registry_->ForWriter().SlotCount();
  const std::uint32_t first = next_slot_;
  const std::uint32_t end = std::min(slots, first + kSlotsInAStep);
  std::vector<std::uint32_t> folded;
  std::uint32_t slot = first;
  for (; slot < end && std::cmp_less(folded.size(), rows); ++slot) {
    if (unfolded.CountOf(slot) > 0) folded.push_back(slot);
  }
  if (!folded.empty()) {
    Transaction transaction(*database_);
    absl::Status status = transaction.Begin();
    for (const std::uint32_t one : folded) {
      if (status.ok()) status = FoldWorker(one, last_seq);
    }
    if (status.ok()) status = transaction.Commit();
    if (!status.ok()) return status;
    // Only after the commit. A reader that still finds them unfolded also finds them in the pulses, and tells
    // them apart by their ordinals.
    const MutexLock lock(registry_->mu);
    for (const std::uint32_t one : folded) registry_->unfolded.Clear(one);
  }
  next_slot_ = slot;
  if (slot == slots) phase_ = Phase::kDeleting;
  return absl::OkStatus();
}

absl::Status Fold::FoldWorker(std::uint32_t slot, std::int64_t last_seq) {
  const Model& model = registry_->ForWriter();
  times_.clear();
  registry_->UnfoldedForWriter().VisitNewestFirst(slot, [this](std::int64_t at) {
    times_.push_back(at);
    return std::cmp_less(times_.size(), history_);
  });
  const std::int64_t key = model.KeyOf(slot);
  std::string recent;
  if (std::cmp_less(times_.size(), history_)) {
    find_pulse_.Bind(key);
    const absl::StatusOr<bool> found = find_pulse_.Step();
    if (!found.ok()) return found.status();
    recent = *found ? PrependHistory(times_, find_pulse_.Int64(0), find_pulse_.Bytes(1), history_)
                    : PackHistory(times_, history_);
    find_pulse_.Reset();
  } else {
    recent = PackHistory(times_, history_);
  }
  const Pulse pulse = model.PulseOf(slot);
  return put_pulse_.Run(key, pulse.total, absl::ToUnixMicros(pulse.last_at), pulse.heard_at.micros(),
                        pulse.in_use, last_seq, Blob{recent});
}

std::int64_t Fold::JournalRowsFor(int rows) const {
  const UnfoldedBeats& unfolded = registry_->UnfoldedForWriter();
  const double beats = static_cast<double>(unfolded.journaled()) /
                       static_cast<double>(std::max<std::size_t>(1, unfolded.rows()));
  return std::max(std::int64_t{1},
                  static_cast<std::int64_t>(rows / (kDeletingOfFolding + beats / kBeatsAsOneFolded)));
}

absl::Status Fold::DeleteSome(int rows) {
  // The newest row stays: it has the listening clock.
  const std::int64_t last = std::min(through_, registry_->UnfoldedForWriter().LastSeq() - 1);
  const std::int64_t until = std::min(last, deleted_ + JournalRowsFor(rows));
  if (until > deleted_) {
    const absl::Status status = delete_journal_.Run(until);
    if (!status.ok()) return status;
    deleted_ = until;
    const MutexLock lock(registry_->mu);
    registry_->unfolded.DropThrough(until);
  }
  if (deleted_ >= last) phase_ = Phase::kIdle;
  return absl::OkStatus();
}

}  // namespace muster::sqlite
