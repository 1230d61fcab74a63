#include "store/model/staged_batch.h"

#include <utility>

namespace muster {

void StagedBatch::Clear() {
  changes.clear();
  beats.clear();
  moments.clear();
  events.clear();
  holds.clear();
  removed.clear();
  timeouts.reset();
}

void StagedBatch::DropOrphans() {
  if (changes.empty()) return;
  const auto is_orphan = [this](const StagedBeat& beat) {
    return (beat.slot & kStagedSlot) != 0 ? changes[beat.slot - kStagedSlot].after == nullptr
                                          : removed.contains(beat.slot);
  };
  std::vector<StagedBeat> kept;
  std::size_t next = 0;
  for (StagedMoment& moment : moments) {
    for (; next < moment.end; ++next) {
      if (!is_orphan(beats[next])) kept.push_back(beats[next]);
    }
    moment.end = kept.size();
  }
  beats = std::move(kept);
}

void Apply(StagedBatch& batch, Model& model) {
  for (StagedChange& change : batch.changes) {
    if (change.before == nullptr && change.after != nullptr) {
      change.slot = model.Insert(change.after, change.key, Pulse());
    } else if (change.before != nullptr && change.after != nullptr) {
      model.Update(change.slot, change.after);
    } else if (change.before != nullptr) {
      model.Remove(change.slot);
    }
  }
  batch.VisitBeats([&](const Moment& at, std::span<StagedBeat> beats) {
    constexpr std::size_t kAhead = 8;
    for (std::size_t i = 0; i < beats.size(); ++i) {
      if (i + kAhead < beats.size() && (beats[i + kAhead].slot & kStagedSlot) == 0) {
        model.PrefetchBeat(beats[i + kAhead].slot);
      }
      StagedBeat& beat = beats[i];
      if ((beat.slot & kStagedSlot) != 0) beat.slot = batch.changes[beat.slot - kStagedSlot].slot;
      model.Beat(beat.slot, at, beat.InUse());
    }
  });
  for (const auto& [region, until] : batch.holds) {
    if (until) {
      model.holds[region] = *until;
    } else {
      model.holds.erase(region);
    }
  }
  if (batch.timeouts) model.timeouts = *batch.timeouts;
  model.last_cursor += static_cast<std::int64_t>(batch.events.size());
}

}  // namespace muster
