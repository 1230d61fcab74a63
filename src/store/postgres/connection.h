// One connection to a PostgreSQL server. Statements go out as a pipeline: any number of them in one network
// round trip, prepared the first time that the connection meets them.
//
//     static constexpr Sql kRename = {"rename", "UPDATE workers SET id = $2 WHERE id = $1"};
//     Pipeline pipeline;
//     pipeline.Add(kBegin);
//     const std::size_t renamed = pipeline.Add(kRename, std::move(parameters));
//     pipeline.Add(kCommit);
//     Reply<std::vector<Rows>> answers = connection.Run(pipeline, absl::Seconds(5));
//     if (!answers.ok()) return answers.failure();
//     Use((*answers)[renamed].affected());
//
// A pipeline without kBegin is still one transaction. With kBegin and without kCommit the transaction stays
// open for the next Run. After a failure it is rolled back, whoever began it, and the connection is ready for
// the next one, or broken(): then open another.
//
// Nothing here waits longer than it was asked to, but for the resolution of a host's name, which is the C
// library's. Move-only; belongs to one thread at a time. Nothing is printed: the server's notices go to the
// log, at debug.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/result.h"
#include "store/postgres/failure.h"
#include "store/postgres/native.h"
#include "store/postgres/parameters.h"
#include "store/postgres/rows.h"

namespace muster::postgres {

/// A statement, known by a name that no other has. Both live as long as the program: keep them in constants.
/// The parameters' types are those that Parameters gives.
struct Sql {
  const char* name;
  const char* text;
};

inline constexpr Sql kBegin = {"begin", "BEGIN ISOLATION LEVEL READ COMMITTED"};
/// All that is read in it is of one moment.
inline constexpr Sql kBeginSnapshot = {"begin_snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"};
inline constexpr Sql kCommit = {"commit", "COMMIT"};
inline constexpr Sql kRollback = {"rollback", "ROLLBACK"};

/// Statements to be run in order, up to the first that fails.
class Pipeline {
 public:
  /// Returns where in Run's answer its rows will be.
  std::size_t Add(const Sql& sql, Parameters parameters = {}) {
    statements_.push_back({&sql, std::move(parameters)});
    return statements_.size() - 1;
  }
  bool empty() const { return statements_.empty(); }
  std::size_t size() const { return statements_.size(); }

  struct Statement {
    const Sql* sql;
    Parameters parameters;
  };
  const std::vector<Statement>& statements() const { return statements_; }

 private:
  std::vector<Statement> statements_;
};

class Connection {
 public:
  /// `url` as libpq takes it: "postgresql://user@host:5432/database?options=…", or "host=… dbname=…". Of
  /// several hosts the first that can write is taken, each given its share of the time. `clock` must outlive
  /// the connection. A server that is too old, or a database that is not encoded in UTF-8, is kRefused. The
  /// session is UTF-8, in UTC, and a commit is on the disk before it is answered, even where the server's
  /// default says otherwise.
  static Reply<Connection> Open(const std::string& url, const Clock& clock, absl::Duration timeout);

  /// One round trip. The answers are one for each statement, in order.
  Reply<std::vector<Rows>> Run(const Pipeline& pipeline, absl::Duration timeout);
  /// The same for one statement.
  Reply<Rows> Run(const Sql& sql, Parameters parameters, absl::Duration timeout);
  /// A script of any number of statements, without parameters and unprepared; what it answers is dropped.
  Reply<Nothing> Execute(const std::string& script, absl::Duration timeout);

  /// Lost, or of no more use. Never heals.
  bool broken() const { return native_ == nullptr; }
  /// A transaction is open.
  bool in_transaction() const;
  /// Looks, without waiting, whether the server has hung up meanwhile; if so, the connection is broken.
  bool StillThere();

  /// The number of the server's process, as pg_stat_activity and pg_terminate_backend have it.
  int backend_pid() const;

 private:
  Connection(NativeConnection native, const Clock& clock) : native_(std::move(native)), clock_(&clock) {}

  /// What is to come back for one thing that was sent.
  struct Awaited {
    const Sql* sql;
    bool preparation;
  };
  /// Empty if libpq would not take it.
  std::vector<Awaited> Send(const Pipeline& pipeline);
  Reply<std::vector<Rows>> Receive(const std::vector<Awaited>& awaited, const Deadline& deadline);
  Failure Recover(Failure failure, const Deadline& deadline);
  Failure Break(Failure failure);

  NativeConnection native_;  // null once it is broken
  const Clock* clock_;
  std::unordered_set<std::string_view> prepared_;  // names in constants
};

}  // namespace muster::postgres
