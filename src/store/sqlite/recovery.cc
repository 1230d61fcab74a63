#include "store/sqlite/recovery.h"

#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "store/model/slab.h"
#include "store/sqlite/packed.h"
#include "store/sqlite/statement.h"
#include "store/worker_json.h"

namespace muster::sqlite {
namespace {

constexpr char kWorkers[] =
    "SELECT w.key, w.id, w.region, w.capacity, w.capabilities, w.metadata, w.instance_id, w.registered_from,"
    " w.previous_instance_id, w.registered_at, w.registered_at_listening, w.heartbeats_before,"
    " s.status, s.status_reason, s.status_changed_at, s.revision, s.activated_by_hand_at, "
    "s.called_offline_at,"
    " s.clone_reported, p.total, p.last_at, p.heard_at, p.in_use, p.folded_seq"
    " FROM workers w LEFT JOIN worker_states s USING (key) LEFT JOIN pulses p USING (key) ORDER BY w.key";

// A worker that is not yet in the model: the journal still moves its pulse on.
struct LoadedWorker {
  WorkerPtr worker;
  std::int64_t key = 0;
  Pulse pulse;
  std::int64_t folded_seq = 0;
};

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(
      absl::StrCat(std::string(what), " in the database is damaged. Restore a backup."));
}

// Many workers of a fleet have the same capabilities and metadata. The same text is parsed once.
template <typename Value>
class ParsedTexts {
 public:
  explicit ParsedTexts(std::optional<Value> (*parse)(std::string_view)) : parse_(parse) {}
  const std::optional<Value>& Parse(std::string_view text) {
    if (texts_.size() >= kMaxKept) texts_.clear();
    const auto [at, is_new] = texts_.try_emplace(std::string(text));
    if (is_new) at->second = parse_(text);
    return at->second;
  }

 private:
  static constexpr std::size_t kMaxKept = 1024;
  std::optional<Value> (*parse_)(std::string_view);
  absl::flat_hash_map<std::string, std::optional<Value>> texts_;
};

std::optional<ListeningTime> OptionalListening(const Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return ListeningTime::FromMicros(row.Int64(column));
}

// From the key of a worker to its number among the loaded workers. Keys ascend and are mostly close together.
// Where they are not, as in a fleet whose workers come and go, a hash map finds them.
class NumbersByKey {
 public:
  /// Precondition: greater than the keys before it.
  void Add(std::int64_t key) { keys_.push_back(key); }
  void Finish() {
    if (keys_.empty()) return;
    first_ = keys_.front();
    const std::int64_t span = keys_.back() - first_ + 1;
    if (span <= kMaxSpread * static_cast<std::int64_t>(keys_.size())) {
      by_distance_.resize(static_cast<std::size_t>(span), kNoSlot);
      for (std::uint32_t i = 0; i < keys_.size(); ++i) {
        by_distance_[static_cast<std::size_t>(keys_[i] - first_)] = i;
      }
    } else {
      by_hash_.reserve(keys_.size());
      for (std::uint32_t i = 0; i < keys_.size(); ++i) by_hash_.emplace(keys_[i], i);
    }
    keys_ = std::vector<std::int64_t>();
  }
  /// kNoSlot if there is no such worker.
  std::uint32_t Find(std::int64_t key) const {
    if (by_hash_.empty()) {
      const auto distance = static_cast<std::uint64_t>(key) - static_cast<std::uint64_t>(first_);
      return distance < by_distance_.size() ? by_distance_[distance] : kNoSlot;
    }
    const auto found = by_hash_.find(key);
    return found == by_hash_.end() ? kNoSlot : found->second;
  }

 private:
  static constexpr std::int64_t kMaxSpread = 8;
  std::vector<std::int64_t> keys_;
  std::int64_t first_ = 0;
  std::vector<std::uint32_t> by_distance_;
  absl::flat_hash_map<std::int64_t, std::uint32_t> by_hash_;
};

class Loader {
 public:
  Loader(Database& database, Random& random, Model& model, UnfoldedBeats& unfolded)
      : database_(database), random_(random), model_(model), unfolded_(unfolded) {}

  absl::StatusOr<Recovered> Run() {
    for (const auto step : {&Loader::LoadRegistry, &Loader::LoadWorkers, &Loader::ReplayJournal,
                            &Loader::LoadHolds, &Loader::LoadTimeouts, &Loader::LoadCounters}) {
      absl::Status status = (this->*step)();
      if (!status.ok()) return status;
    }
    return std::move(recovered_);
  }

 private:
  // Calls row(statement) for each row of a query, until it fails.
  template <typename Row>
  absl::Status ForEach(std::string_view sql, Row row) {
    absl::StatusOr<Statement> query = database_.Prepare(sql);
    if (!query.ok()) return query.status();
    while (true) {
      const absl::StatusOr<bool> more = query->Step();
      if (!more.ok() || !*more) return more.status();
      absl::Status status = row(*query);
      if (!status.ok()) return status;
    }
  }

  absl::Status LoadRegistry() {
    absl::Status status =
        ForEach("SELECT token_key, last_revision, boot_id FROM roll", [this](const Statement& row) {
          recovered_.token_key = row.Bytes(0);
          recovered_.last_revision = row.Int64(1);
          boot_id_ = row.Text(2);
          return absl::OkStatus();
        });
    if (!status.ok() || !recovered_.token_key.empty()) return status;
    recovered_.token_key = NewTokenKey(random_);
    absl::StatusOr<Statement> insert =
        database_.Prepare("INSERT INTO roll (only, token_key, last_revision) VALUES (1, ?, 0)");
    if (!insert.ok()) return insert.status();
    Transaction transaction(database_);
    status = transaction.Begin();
    if (status.ok()) status = insert->Run(Blob{recovered_.token_key});
    return status.ok() ? transaction.Commit() : status;
  }

  absl::Status LoadWorkers() {
    return ForEach(kWorkers, [this](const Statement& row) {
      absl::StatusOr<LoadedWorker> loaded = ReadWorker(row);
      if (!loaded.ok()) return loaded.status();
      numbers_.Add(loaded->key);
      workers_.push_back(*std::move(loaded));
      return absl::OkStatus();
    });
  }

  absl::StatusOr<LoadedWorker> ReadWorker(const Statement& row) {
    Worker worker;
    LoadedWorker loaded;
    loaded.key = row.Int64(0);
    worker.id = row.Text(1);
    worker.config.region = row.Text(2);
    worker.config.capacity = row.Int32(3);
    const std::optional<std::vector<std::string>>& capabilities = capabilities_.Parse(row.Text(4));
    const std::optional<Metadata>& metadata = metadata_.Parse(row.Text(5));
    if (row.IsNull(12) || !capabilities || !metadata) {
      return Damaged(absl::StrCat("the worker \"", worker.id, "\""));
    }
    worker.config.capabilities = *capabilities;
    worker.config.metadata = *metadata;
    worker.instance_id = row.Text(6);
    worker.registered_from = row.Text(7);
    worker.previous_instance_id = row.Text(8);
    worker.registered_at = absl::FromUnixMicros(row.Int64(9));
    worker.registered_at_listening = ListeningTime::FromMicros(row.Int64(10));
    worker.heartbeats_before = row.Int64(11);
    worker.status = static_cast<WorkerStatus>(row.Int64(12));  // the schema checks its range
    worker.status_reason = row.Text(13);
    worker.status_changed_at = absl::FromUnixMicros(row.Int64(14));
    worker.revision = row.Int64(15);
    worker.activated_by_hand_at = OptionalListening(row, 16);
    worker.called_offline_at = OptionalListening(row, 17);
    worker.clone_reported = row.Int64(18) != 0;
    if (!row.IsNull(19)) {
      loaded.pulse.total = row.Int64(19);
      loaded.pulse.last_at = absl::FromUnixMicros(row.Int64(20));
      loaded.pulse.heard_at = ListeningTime::FromMicros(row.Int64(21));
      if (!row.IsNull(22)) loaded.pulse.in_use = row.Int32(22);
      loaded.folded_seq = row.Int64(23);
    }
    loaded.worker = std::make_shared<const Worker>(std::move(worker));
    return loaded;
  }

  // The slots of a model that is filled in order are known before: 0, 1, 2, …
  absl::Status ReplayJournal() {
    numbers_.Finish();
    unfolded_.GrowTo(workers_.size());
    absl::Status status = ForEach(
        "SELECT seq, at, listening, beats, allowance_credit, proven, allowance_left, proven_at"
        " FROM journal ORDER BY seq",
        [this](const Statement& row) { return ReplayRow(row); });
    if (!status.ok()) return status;
    model_.GrowTo(static_cast<std::uint32_t>(workers_.size()));
    for (LoadedWorker& loaded : workers_) model_.Load(std::move(loaded.worker), loaded.key, loaded.pulse);
    model_.FinishLoading();
    return absl::OkStatus();
  }

  absl::Status ReplayRow(const Statement& row) {
    const std::int64_t seq = row.Int64(0);
    const std::int64_t at = row.Int64(1);
    const ListeningTime listening = ListeningTime::FromMicros(row.Int64(2));
    recovered_.next_seq = seq + 1;
    ProvenState& clock = recovered_.listening ? *recovered_.listening : recovered_.listening.emplace();
    ReadClock(row, clock);
    unfolded_.BeginRow(seq, at, listening);
    row_.clear();
    JournalDecoder beats(row.Bytes(3));
    JournaledBeat beat;
    while (beats.Next(beat)) {
      const std::uint32_t number = numbers_.Find(beat.key);
      if (number != kNoSlot) row_.push_back({number, beat.in_use});  // else it was unregistered since
    }
    if (beats.damaged()) return Damaged(absl::StrCat("row ", seq, " of the journal"));
    const absl::Time wall = absl::FromUnixMicros(at);
    constexpr std::size_t kAhead = 8;
    for (std::size_t i = 0; i < row_.size(); ++i) {
      if (i + 2 * kAhead < row_.size()) {
        Prefetch(&workers_[row_[i + 2 * kAhead].number].pulse);
        unfolded_.PrefetchTail(row_[i + 2 * kAhead].number);
      }
      if (i + kAhead < row_.size()) unfolded_.PrefetchBlock(row_[i + kAhead].number);
      LoadedWorker& loaded = workers_[row_[i].number];
      if (seq <= loaded.folded_seq) continue;
      ++loaded.pulse.total;
      loaded.pulse.last_at = wall;
      loaded.pulse.heard_at = listening;
      if (row_[i].in_use) loaded.pulse.in_use = row_[i].in_use;
      unfolded_.Add(row_[i].number);
    }
    return absl::OkStatus();
  }

  void ReadClock(const Statement& row, ProvenState& clock) const {
    clock.credit = absl::Microseconds(row.Int64(4));
    clock.proven = ListeningTime::FromMicros(row.Int64(row.IsNull(5) ? 2 : 5));
    if (row.IsNull(5)) return;
    clock.allowance_left = absl::Microseconds(row.Int64(6));
    clock.proven_at = absl::Microseconds(row.Int64(7));
    clock.boot_id = boot_id_;
  }

  absl::Status LoadHolds() {
    return ForEach("SELECT region, until FROM region_holds", [this](const Statement& row) {
      model_.holds[std::string(row.Text(0))] = ListeningTime::FromMicros(row.Int64(1));
      return absl::OkStatus();
    });
  }

  absl::Status LoadTimeouts() {
    return ForEach("SELECT timeout, replaced_at FROM timeouts ORDER BY number", [this](const Statement& row) {
      const absl::Duration timeout = absl::Microseconds(row.Int64(0));
      if (const std::optional<ListeningTime> replaced_at = OptionalListening(row, 1)) {
        model_.timeouts.told.push_back({timeout, *replaced_at});
      } else {
        model_.timeouts.in_force = timeout;
      }
      return absl::OkStatus();
    });
  }

  absl::Status LoadCounters() {
    absl::Status status =
        ForEach("SELECT seq FROM sqlite_sequence WHERE name = 'workers'", [this](const Statement& row) {
          model_.SetNextKey(row.Int64(0) + 1);
          return absl::OkStatus();
        });
    if (!status.ok()) return status;
    // Two queries, because SQLite answers each from one end of the table.
    status = ForEach("SELECT max(cursor) FROM events", [this](const Statement& row) {
      model_.last_cursor = row.Int64(0);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return ForEach("SELECT min(cursor) FROM events", [this](const Statement& row) {
      recovered_.first_event = row.IsNull(0) ? 1 : row.Int64(0);
      return absl::OkStatus();
    });
  }

  Database& database_;
  Random& random_;
  Model& model_;
  UnfoldedBeats& unfolded_;
  Recovered recovered_;
  std::string boot_id_;
  std::vector<LoadedWorker> workers_;  // by key
  NumbersByKey numbers_;               // in workers_
  struct NumberedBeat {
    std::uint32_t number;
    std::optional<std::int32_t> in_use;
  };
  std::vector<NumberedBeat> row_;  // of the journal
  ParsedTexts<std::vector<std::string>> capabilities_{&ParseCapabilities};
  ParsedTexts<Metadata> metadata_{&ParseMetadata};
};

}  // namespace

absl::StatusOr<Recovered> Recover(Database& database, Random& random, Model& model, UnfoldedBeats& unfolded) {
  return Loader(database, random, model, unfolded).Run();
}

}  // namespace muster::sqlite
