// Connections for readers: any thread takes one for the time of a query.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "runtime/mutex.h"
#include "store/sqlite/database.h"
#include "store/sqlite/statement.h"

namespace muster::sqlite {

/// A connection that reads, with its queries prepared.
struct ReadConnection {
  explicit ReadConnection(Database opened) : database(std::move(opened)) {}
  static absl::StatusOr<std::unique_ptr<ReadConnection>> Open(const Location& location);

  Database database;  // first, so that it goes last
  Statement find_pulse;
  Statement events_oldest_first;
  Statement events_newest_first;
  Statement worker_events_oldest_first;
  Statement worker_events_newest_first;
};

/// Thread-safe. Keeps a few connections open, and opens more while more threads ask at once.
class Readers {
 public:
  explicit Readers(Location location) : location_(std::move(location)) {}

  absl::StatusOr<std::unique_ptr<ReadConnection>> Take();
  void GiveBack(std::unique_ptr<ReadConnection> connection);

 private:
  static constexpr std::size_t kMaxKept = 4;

  const Location location_;
  Mutex mu_;
  std::vector<std::unique_ptr<ReadConnection>> idle_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::sqlite
