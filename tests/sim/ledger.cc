#include "tests/sim/ledger.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/store.h"

namespace muster::sim {
namespace {

std::string NameOf(std::optional<WorkerStatus> status) {
  return status ? std::string(StatusName(*status)) : "not registered";
}

std::string Words(const Event& event) {
  return absl::StrCat(event.cursor, " ", std::string(EventTypeName(event.type)), " ", event.worker_id, " ",
                      event.region, " r", event.revision, " ", NameOf(event.from), "->", NameOf(event.to),
                      " by ", event.actor);
}

// The table of legal moves, written again by hand: the model must not ask the code that it judges.
bool MayMove(WorkerStatus from, WorkerStatus to, const std::string& actor) {
  const bool by_job = actor.starts_with("job:");
  if (from == WorkerStatus::kFailed) return false;
  if (to == WorkerStatus::kFailed) return !by_job;
  if (from == WorkerStatus::kPending && to == WorkerStatus::kActive)
    return !by_job || actor == "job:activation";
  if (from == WorkerStatus::kActive && to == WorkerStatus::kOffline)
    return !by_job || actor == "job:stale-detection";
  if (from == WorkerStatus::kOffline && to == WorkerStatus::kActive)
    return !by_job || actor == "job:reactivation";
  return false;
}

}  // namespace

std::string Ledger::BeginChange(std::string_view id, std::string_view what) {
  std::string actor = absl::StrCat("change-", ++changes_begun_);
  changes_[actor] = {std::string(id), std::string(what)};
  return actor;
}

void Ledger::EndChange(const std::string& actor, const Answer<WorkerView>& answer) {
  Change& change = changes_.at(actor);
  change.ended = true;
  change.fate = answer.fate;
  if (answer.fate == Fate::kCommitted) {
    change.revision = (*answer.result)->worker->revision;
    decided_ = true;
    if (change.what == "unregister") {
      Known& known = workers_[change.id];
      known.beats.clear();
      known.total = known.accepted = known.in_doubt = 0;
    }
  } else if (answer.fate == Fate::kInDoubt) {
    ++doubts_;
    decided_ = false;
    if (change.what == "unregister") workers_[change.id].unknown = true;
  }
}

void Ledger::EndHeartbeat(const std::string& id, const Answer<HeartbeatReceipt>& answer,
                          absl::Duration monotonic, absl::Duration told) {
  if (answer.fate == Fate::kRefused || answer.fate == Fate::kNotDone) return;
  if (!answer.result->ok()) return;
  Add(id, {answer.decided->wall, answer.decided->listening, monotonic, answer.fate == Fate::kInDoubt, told});
}

void Ledger::EndHeartbeat(const std::string& id, Fate fate, absl::Duration monotonic) {
  if (fate == Fate::kRefused || fate == Fate::kNotDone) return;
  Add(id, {std::nullopt, std::nullopt, monotonic, fate == Fate::kInDoubt});
}

void Ledger::Add(const std::string& id, Beat beat) {
  if (!beat.in_doubt && beat.monotonic > nothing_durable_from_) {
    Break(absl::StrCat("a heartbeat of ", id, " was acknowledged, into a file that no start will find"));
  }
  Known& known = workers_[id];
  ++(beat.in_doubt ? known.in_doubt : known.accepted);
  ++(beat.in_doubt ? doubts_ : heartbeats_);
  decided_ = !beat.in_doubt;
  known.beats.push_back(beat);
  if (known.beats.size() > static_cast<std::size_t>(2 * history_)) known.beats.pop_front();
}

void Ledger::ReadEvents(const ScanReads& reads, const std::function<void(const Event&)>& seen) {
  const Result<std::int64_t> newest = reads.LastCursor();
  if (!newest.ok()) return;
  if (*newest < last_cursor_) {
    return Break(absl::StrCat("event ", last_cursor_, " was seen, and the newest is now ", *newest));
  }
  // The last event that was seen comes again: it must be the same.
  std::int64_t after = std::max<std::int64_t>(last_cursor_ - 1, 0);
  while (after < *newest && broken_.empty()) {
    EventFilter filter;
    filter.after_cursor = after;
    const Result<EventPage> page = ListEvents(reads, filter, PageRequest{kMaxPageSize, ""});
    if (!page.ok()) return;  // the disk cannot be read now
    if (page->events.empty())
      return Break(absl::StrCat("no event after ", after, ", but the newest is ", *newest));
    for (const Event& event : page->events) {
      if (event.cursor == last_cursor_) {
        if (Words(event) != last_event_) return Break("an event that was seen has changed: " + last_event_);
        after = event.cursor;
        continue;
      }
      if (event.cursor != last_cursor_ + 1) {
        return Break(absl::StrCat("event ", last_cursor_ + 1, " is missing: the next is ", event.cursor));
      }
      seen(event);
      Enter(event);
      after = event.cursor;
    }
  }
  CheckChanges();
}

void Ledger::Enter(const Event& event) {
  last_cursor_ = event.cursor;
  last_event_ = Words(event);
  Mix(last_event_);
  if (const auto change = changes_.find(event.actor);
      change != changes_.end() && event.type != EventType::kCloneDetected) {
    if (++change->second.events > 1) Break(absl::StrCat("a change was made twice: ", Words(event)));
  }
  if (event.worker_id.empty()) return;
  Known& known = workers_[event.worker_id];
  EnterStatus(event, known);
  if (event.type == EventType::kCloneDetected) return;
  if (event.revision <= known.revision) Break(absl::StrCat("the revision does not grow: ", Words(event)));
  known.revision = event.revision;
}

void Ledger::EnterStatus(const Event& event, Known& known) {
  const auto wrong = [&](std::string_view why) {
    Break(absl::StrCat(std::string(why), " (", NameOf(known.status), "): ", Words(event)));
  };
  switch (event.type) {
    case EventType::kRegistered:
      if (known.status) wrong("registered twice");
      known.status = event.to;
      return;
    case EventType::kReplaced:
      if (!known.status || known.status != event.from || event.from == WorkerStatus::kFailed ||
          event.to != WorkerStatus::kPending) {
        wrong("replaced, but not so");
      }
      known.status = event.to;
      return;
    case EventType::kUnregistered:
      if (!known.status) wrong("unregistered, but not registered");
      known.status.reset();
      return;
    case EventType::kStatusChanged:
      if (known.status != event.from) wrong("moved from where it was not");
      if (!event.from || !event.to || !MayMove(*event.from, *event.to, event.actor))
        wrong("not a legal move");
      known.status = event.to;
      return;
    default:
      return;
  }
}

// What a client was told of its change, against the events.
void Ledger::CheckChanges() {
  for (auto entry = changes_.begin(); entry != changes_.end();) {
    const auto& [actor, change] = *entry;
    if (!change.ended || (change.fate == Fate::kInDoubt && !decided_)) {
      ++entry;
      continue;
    }
    const bool nothing = change.fate == Fate::kRefused || change.fate == Fate::kNotDone;
    if (nothing && change.events > 0)
      Break(absl::StrCat("a change was not done, and happened: ", change.what, " ", change.id));
    // A repeated registration and a move to the present status are accepted and change nothing.
    const bool there = change.what == "unregister"
                           ? change.events == 1
                           : change.events == 1 || change.revision <= workers_[change.id].revision;
    if (change.fate == Fate::kCommitted && !there) {
      Break(absl::StrCat("an acknowledged change is lost: ", change.what, " ", change.id));
    }
    entry = changes_.erase(entry);
  }
}

void Ledger::Compare(const ScanReads& reads, std::uint64_t one_in, std::uint64_t salt,
                     const std::function<void(const WorkerView&)>& seen) {
  std::map<std::string, std::array<std::int64_t, 5>> counted;
  PageRequest request{kMaxPageSize, ""};
  std::size_t found = 0;
  do {
    const Result<WorkerPage> page = ListWorkers(reads, WorkerFilter(), request);
    if (!page.ok()) return;
    for (const WorkerView& view : page->workers) {
      ++found;
      ++counted[view.worker->config.region][static_cast<std::size_t>(view.worker->status)];
      CompareWorker(view);
      seen(view);
      if (one_in > 0 && std::hash<std::string>()(view.worker->id) % one_in == salt % one_in) {
        CompareHistory(reads, view.worker->id, view);
      }
    }
    request.page_token = page->next_page_token;
  } while (!request.page_token.empty());
  const auto registered = std::count_if(workers_.begin(), workers_.end(),
                                        [](const auto& known) { return known.second.status.has_value(); });
  if (std::cmp_not_equal(found, registered)) {
    Break(absl::StrCat(found, " workers are on the roll; by the events there are ", registered));
  }
  CompareCounts(reads, counted);
  CompareOldest(reads);
}

void Ledger::CompareWorker(const WorkerView& view) {
  const std::string& id = view.worker->id;
  Known& known = workers_[id];
  if (view.worker->status != known.status || view.worker->revision != known.revision) {
    Break(absl::StrCat(id, " is ", NameOf(view.worker->status), " at revision ", view.worker->revision,
                       "; its last event says ", NameOf(known.status), " at ", known.revision));
  }
  const std::int64_t least = known.total + known.accepted;
  if (!known.unknown && (view.pulse.total < least || view.pulse.total > least + known.in_doubt)) {
    Break(absl::StrCat(id, " has ", view.pulse.total, " heartbeats; accepted were ", least, ", in doubt ",
                       known.in_doubt));
  }
  if (known.unknown) {
    known.beats.clear();
    known.unknown = false;
  }
  if (known.in_doubt > 0 && !decided_) return;
  known.total = view.pulse.total;
  known.accepted = known.in_doubt = 0;
}

void Ledger::CompareHistory(const ScanReads& reads, const std::string& id, const WorkerView& view) {
  const Result<HeartbeatPage> page = ListHeartbeats(reads, id, PageRequest{history_, ""});
  if (!page.ok()) return;
  const Known& known = workers_[id];
  std::int64_t ordinal = view.pulse.total;
  auto beat = known.beats.rbegin();
  const auto newest_settled = std::min<std::size_t>(page->heartbeats.size(), known.beats.size());
  for (std::size_t i = 0; i < newest_settled && beat != known.beats.rend(); ++i) {
    const HeartbeatRecord& record = page->heartbeats[i];
    if (record.ordinal != ordinal--) return Break(absl::StrCat("the ordinals of ", id, " have a gap"));
    while (beat != known.beats.rend() && beat->in_doubt && beat->wall && *beat->wall != record.at) ++beat;
    if (beat == known.beats.rend()) return;
    if (beat->in_doubt && !beat->wall) return;  // it may be this one, or not
    if (beat->wall && *beat->wall != record.at) {
      return Break(
          absl::StrCat("heartbeat ", record.ordinal, " of ", id, " is not the one that was accepted"));
    }
    ++beat;
  }
  const std::int64_t kept = std::min<std::int64_t>(view.pulse.total, history_);
  if (std::cmp_not_equal(page->heartbeats.size(), kept)) {
    Break(absl::StrCat(id, " has ", page->heartbeats.size(), " heartbeats in its history, not ", kept));
  }
}

void Ledger::CompareCounts(const ScanReads& reads,
                           const std::map<std::string, std::array<std::int64_t, 5>>& counted) {
  const Result<std::vector<RegionTotals>> totals = CountWorkers(reads);
  if (!totals.ok()) return;
  if (totals->size() != counted.size())
    return Break("the regions that are counted are not those of the workers");
  for (const RegionTotals& region : *totals) {
    const auto rows = counted.find(region.region);
    for (std::size_t i = 1; i < 5; ++i) {
      if (rows == counted.end() || region.by_status[i] != rows->second[i]) {
        return Break(absl::StrCat("the counts of ", region.region, " are not those of its workers"));
      }
    }
  }
}

// Trimming takes the oldest events only, and never more than it may.
void Ledger::CompareOldest(const ScanReads& reads) {
  const Result<EventPage> page = ListEvents(reads, EventFilter(), PageRequest{1, ""});
  if (!page.ok() || last_cursor_ == 0) return;
  const std::int64_t oldest = page->events.empty() ? last_cursor_ + 1 : page->events.front().cursor;
  const std::int64_t owed = std::max<std::int64_t>(last_cursor_ - max_events_ + 1, 1);
  if (oldest != owed) Break(absl::StrCat("the oldest event is ", oldest, ", not ", owed));
}

const Ledger::Known* Ledger::Find(const std::string& id) const {
  const auto known = workers_.find(id);
  return known == workers_.end() ? nullptr : &known->second;
}

void Ledger::Break(std::string what) {
  if (broken_.empty()) broken_ = std::move(what);
}

void Ledger::Mix(std::string_view text) {
  for (const char c : text) fingerprint_ = (fingerprint_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
}

}  // namespace muster::sim
