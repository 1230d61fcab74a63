// One connection to a PostgreSQL server. Statements go out as a pipeline: any number of them in one network
// round trip. A statement is prepared when the connection first meets it.
//
//     static constexpr Sql kRename = {"rename", "UPDATE workers SET id = $2 WHERE id = $1"};
//     Pipeline pipeline;
//     pipeline.Add(kBegin);
//     const std::size_t renamed = pipeline.Add(kRename, std::move(parameters));
//     pipeline.Add(kCommit);
//     Reply<std::vector<Rows>> answers = connection.Run(pipeline, absl::Seconds(5));
//     if (!answers.ok()) return answers.error();
//     Use((*answers)[renamed].affected());
//
// A pipeline without kBegin is still one transaction. With kBegin and without kCommit the transaction stays
// open for the next Run. After a failure the transaction is rolled back, whichever Run began it. Then the
// connection is ready for the next one, or broken(): then open another.
//
// No call waits longer than its timeout, except for the resolution of a host name, which the C library does.
// Move-only; belongs to one thread at a time. Nothing is printed: the notices of the server go to the log, at
// debug.
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

/// A statement with a name that no other statement has. Both live as long as the program: keep them in
/// constants. The types of the parameters are those that Parameters gives.
struct Sql {
  const char* name;
  const char* text;
};

inline constexpr Sql kBegin = {"begin", "BEGIN ISOLATION LEVEL READ COMMITTED"};
/// All reads in it see the same moment.
inline constexpr Sql kBeginSnapshot = {"begin_snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"};
inline constexpr Sql kCommit = {"commit", "COMMIT"};
inline constexpr Sql kRollback = {"rollback", "ROLLBACK"};

/// Statements to run in order, up to the first one that fails.
class Pipeline {
 public:
  /// Returns the place of its rows in the answer of Run.
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
  /// several hosts, the first one that can write is taken; each gets its share of the time. `clock` must
  /// outlive the connection. A server that is too old, or a database that is not encoded in UTF-8, is
  /// kRefused. The session is UTF-8 and in UTC. A commit is on the disk before it is answered, even where the
  /// default of the server is different.
  static Reply<Connection> Open(const std::string& url, const Clock& clock, absl::Duration timeout);

  /// One round trip. There is one answer for each statement, in order.
  Reply<std::vector<Rows>> Run(const Pipeline& pipeline, absl::Duration timeout);
  /// The same for one statement.
  Reply<Rows> Run(const Sql& sql, Parameters parameters, absl::Duration timeout);
  /// A script of any number of statements, without parameters and not prepared. Its answers are dropped.
  Reply<Nothing> Execute(const std::string& script, absl::Duration timeout);

  /// Lost, or no longer of use. This never changes back.
  bool broken() const { return native_ == nullptr; }
  /// A transaction is open.
  bool in_transaction() const;
  /// Looks, without a wait, whether the server has closed the connection meanwhile. If so, the connection is
  /// broken.
  bool StillThere();

  /// The number of the server's process, as pg_stat_activity and pg_terminate_backend have it.
  int backend_pid() const;

 private:
  Connection(NativeConnection native, const Clock& clock) : native_(std::move(native)), clock_(&clock) {}

  /// What is expected back for one thing that was sent.
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

/// Where statements run: on a connection of the pool for readers, on the writer's own within its transaction.
class Session {
 public:
  virtual ~Session() = default;
  /// One round trip; the answers are one for each statement, in order.
  virtual Reply<std::vector<Rows>> Run(const Pipeline& pipeline) = 0;

  Reply<Rows> Run(const Sql& sql, Parameters parameters) {
    Pipeline pipeline;
    pipeline.Add(sql, std::move(parameters));
    Reply<std::vector<Rows>> answers = Run(pipeline);
    if (!answers.ok()) return std::move(answers).error();
    return std::move(answers->front());
  }
};

}  // namespace muster::postgres
