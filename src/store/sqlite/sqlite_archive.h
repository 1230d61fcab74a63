// The history of heartbeats and the events: from the database, with what is not folded yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "store/model/committed_reader.h"
#include "store/sqlite/readers.h"
#include "store/sqlite/unfolded.h"

namespace muster::sqlite {

/// Thread-safe. The roll must outlive it.
class SqliteArchive final : public Archive {
 public:
  SqliteArchive(const SharedRegistry& registry, Location location, int history, std::int64_t max_events)
      : registry_(registry), history_(history), max_events_(max_events), readers_(std::move(location)) {}

  Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view id, std::int64_t before,
                                                  int limit) const override;
  Result<std::vector<Event>> Events(std::string_view worker_id, std::int64_t bound, bool newest_first,
                                    int limit) const override;

 private:
  /// What memory has of the heartbeats of a worker.
  struct Remembered {
    std::int64_t key = 0;
    std::int64_t total = 0;
    std::vector<std::int64_t> unfolded;  // the newest, newest first
  };
  /// What its row in the database has; nothing if there is no row.
  struct Folded {
    std::int64_t total = 0;
    std::vector<std::int64_t> times;
  };

  std::optional<Remembered> Remember(std::string_view id) const;
  absl::StatusOr<Folded> ReadFolded(std::int64_t key) const;

  const SharedRegistry& registry_;
  const int history_;
  const std::int64_t max_events_;
  mutable Readers readers_;
};

}  // namespace muster::sqlite
