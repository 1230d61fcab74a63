#include "store/postgres/connection.h"

#include <libpq-fe.h>

#include <optional>

#include "absl/strings/str_cat.h"
#include "store/postgres/conninfo.h"

namespace muster::postgres {
namespace {

constexpr int kOldestServer = 130000;

// Set only where the server knows the setting. To compile a plan (jit) takes longer than any of our
// statements runs. During a long statement the server checks from time to time whether its client is still
// there, so that a client that gave up holds no locks. And the server does not wait for a client that stands
// still in the middle of a transaction: a daemon that was stopped or cut off there would hold the lock of the
// roll, and block all other daemons for as long as that lasts.
constexpr char kSetUp[] =
    "SELECT set_config('TimeZone', 'UTC', false);"
    "SELECT set_config('synchronous_commit', 'on', false) FROM pg_settings"
    " WHERE name = 'synchronous_commit' AND setting = 'off';"
    "SELECT set_config('jit', 'off', false) FROM pg_settings WHERE name = 'jit';"
    "SELECT set_config('client_connection_check_interval', '2s', false) FROM pg_settings"
    " WHERE name = 'client_connection_check_interval' AND setting = '0';"
    "SELECT set_config('idle_in_transaction_session_timeout', '2s', false) FROM pg_settings"
    " WHERE name = 'idle_in_transaction_session_timeout' AND setting::int NOT BETWEEN 1 AND 2000";

bool IsAnswer(ExecStatusType status) {
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

Failure Broken() {
  Failure failure;
  failure.detail = "the connection is lost";
  return failure;
}

Failure TooOld(int version) {
  Failure failure;
  failure.kind = FailureKind::kRefused;
  failure.detail = absl::StrCat("the server is PostgreSQL ", version / 10000, "; Muster needs ",
                                kOldestServer / 10000, " or newer");
  return failure;
}

// Text of clients is UTF-8. A database in another encoding refuses what it cannot hold, and SQL_ASCII takes
// anything.
Failure NotUtf8(std::string_view encoding) {
  Failure failure;
  failure.kind = FailureKind::kRefused;
  failure.detail =
      absl::StrCat("the database is encoded in ", std::string(encoding),
                   "; Muster needs one in UTF8: createdb --encoding=UTF8 --template=template0 NAME, "
                   "and name that in the URL");
  return failure;
}

// What the server must fulfil. Asked without a round trip.
std::optional<Failure> Unfit(const pg_conn* server) {
  if (const int version = PQserverVersion(server); version < kOldestServer) return TooOld(version);
  const char* encoding = PQparameterStatus(server, "server_encoding");
  if (encoding != nullptr && std::string_view(encoding) != "UTF8") return NotUtf8(encoding);
  return std::nullopt;
}

// Runs a script to its end, in the simple protocol. The failure is the first error of the script, or that of
// the connection.
Reply<Nothing> RunScript(pg_conn* connection, const std::string& script, const Deadline& deadline) {
  if (PQsendQuery(connection, script.c_str()) == 0) return LostFailure(connection);
  std::optional<Failure> failure;
  while (true) {
    Reply<NativeResult> result = NextResult(connection, deadline);
    if (!result.ok()) return std::move(result).error();
    if (*result == nullptr) break;
    if (!IsAnswer(PQresultStatus(result->get())) && !failure.has_value()) {
      failure = FailureOf(result->get(), "a script");
    }
    if (PQstatus(connection) == CONNECTION_BAD) break;
  }
  if (failure.has_value()) return *std::move(failure);
  return Nothing{};
}

}  // namespace

Reply<Connection> Connection::Open(const std::string& url, const Clock& clock, absl::Duration timeout) {
  const Reply<std::vector<Target>> targets = TargetsOf(url);
  if (!targets.ok()) return targets.error();
  const Deadline deadline(clock, timeout);
  Failure failure;
  for (std::size_t i = 0; i < targets->size(); ++i) {
    const Deadline share = deadline.Share(1.0 / static_cast<double>(targets->size() - i));
    Reply<NativeConnection> native = Connect((*targets)[i], share);
    if (native.ok()) {
      if (std::optional<Failure> unfit = Unfit(native->get())) return *std::move(unfit);
      const Reply<Nothing> set_up = RunScript(native->get(), kSetUp, share);
      if (set_up.ok()) return Connection(*std::move(native), clock);
      failure = set_up.error();
    } else {
      absl::StrAppend(&failure.detail, failure.detail.empty() ? "" : "; ", native.error().detail);
    }
  }
  return failure;
}

Reply<std::vector<Rows>> Connection::Run(const Pipeline& pipeline, absl::Duration timeout) {
  if (broken()) return Broken();
  if (pipeline.empty()) return std::vector<Rows>{};
  const Deadline deadline(*clock_, timeout);
  const std::vector<Awaited> awaited = Send(pipeline);
  if (awaited.empty()) return Break(LostFailure(native_.get()));
  return Receive(awaited, deadline);
}

Reply<Rows> Connection::Run(const Sql& sql, Parameters parameters, absl::Duration timeout) {
  Pipeline pipeline;
  pipeline.Add(sql, std::move(parameters));
  Reply<std::vector<Rows>> answers = Run(pipeline, timeout);
  if (!answers.ok()) return std::move(answers).error();
  return std::move(answers->front());
}

Reply<Nothing> Connection::Execute(const std::string& script, absl::Duration timeout) {
  if (broken()) return Broken();
  const Deadline deadline(*clock_, timeout);
  Reply<Nothing> done = RunScript(native_.get(), script, deadline);
  if (done.ok()) return done;
  Failure failure = std::move(done).error();
  if (failure.sqlstate.empty() || PQstatus(native_.get()) == CONNECTION_BAD) {
    failure.in_doubt = true;
    return Break(std::move(failure));
  }
  return Recover(std::move(failure), deadline);
}

std::vector<Connection::Awaited> Connection::Send(const Pipeline& pipeline) {
  constexpr int kBinary = 1;
  pg_conn* connection = native_.get();
  if (PQenterPipelineMode(connection) == 0) return {};
  std::vector<Awaited> awaited;
  awaited.reserve(pipeline.size());
  std::unordered_set<std::string_view> preparing;
  for (const auto& [sql, parameters] : pipeline.statements()) {
    if (!prepared_.contains(sql->name) && preparing.insert(sql->name).second) {
      if (PQsendPrepare(connection, sql->name, sql->text, parameters.size(), parameters.types().data()) == 0)
        return {};
      awaited.push_back({sql, true});
    }
    const Parameters::Native native = parameters.native();
    if (PQsendQueryPrepared(connection, sql->name, parameters.size(), native.values.data(),
                            native.lengths.data(), native.formats.data(), kBinary) == 0) {
      return {};
    }
    awaited.push_back({sql, false});
  }
  return PQpipelineSync(connection) == 0 ? std::vector<Awaited>{} : awaited;
}

Reply<std::vector<Rows>> Connection::Receive(const std::vector<Awaited>& awaited, const Deadline& deadline) {
  pg_conn* connection = native_.get();
  std::vector<Rows> answers;
  answers.reserve(awaited.size());
  std::optional<Failure> failure;  // the first one that the server reported
  // What the server refused was not done, with one exception: it was the last statement, and the connection
  // was lost with it. Then it may have been a COMMIT that the server had already carried out.
  bool certain = false;
  const auto lost = [&](Failure why) {
    if (failure.has_value()) why = *std::move(failure);
    why.kind = FailureKind::kAway;
    why.in_doubt = !certain;
    return Break(std::move(why));
  };

  for (std::size_t i = 0; i < awaited.size(); ++i) {
    while (true) {
      Reply<NativeResult> result = NextResult(connection, deadline);
      if (!result.ok()) return lost(std::move(result).error());
      if (*result == nullptr) break;
      const ExecStatusType status = PQresultStatus(result->get());
      if (IsAnswer(status)) {
        if (awaited[i].preparation) {
          prepared_.insert(awaited[i].sql->name);
        } else {
          answers.emplace_back(result->release());
        }
      } else if (status != PGRES_PIPELINE_ABORTED && !failure.has_value()) {
        failure = FailureOf(result->get(), awaited[i].sql->name);
        certain = !failure->sqlstate.empty() && i + 1 < awaited.size();
      }
      if (PQstatus(connection) == CONNECTION_BAD) return lost(LostFailure(connection));
    }
  }
  const Reply<NativeResult> end = NextResult(connection, deadline);
  if (!end.ok()) return lost(end.error());
  if (PQresultStatus(end->get()) != PGRES_PIPELINE_SYNC || PQexitPipelineMode(connection) == 0) {
    return lost(LostFailure(connection));
  }
  if (failure.has_value()) return Recover(*std::move(failure), deadline);
  return answers;
}

// The connection is in step with the server again, and in a transaction that failed.
Failure Connection::Recover(Failure failure, const Deadline& deadline) {
  if (EndsConnection(failure.sqlstate)) return Break(std::move(failure));
  if (in_transaction() && !RunScript(native_.get(), kRollback.text, deadline).ok())
    return Break(std::move(failure));
  return failure;
}

// To close it tells the server that the client no longer waits.
Failure Connection::Break(Failure failure) {
  native_.reset();
  return failure;
}

bool Connection::in_transaction() const {
  return !broken() && PQtransactionStatus(native_.get()) != PQTRANS_IDLE;
}

bool Connection::StillThere() {
  if (!broken() && !IsStillThere(native_.get())) native_.reset();
  return !broken();
}

int Connection::backend_pid() const {
  return broken() ? 0 : PQbackendPID(native_.get());
}

}  // namespace muster::postgres
