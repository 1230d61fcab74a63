#include "store/postgres/scratch.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace muster::testing {
namespace {

using postgres::Connection;
using postgres::Parameters;
using postgres::Reply;
using postgres::Rows;
using postgres::Sql;

constexpr Sql kDisconnect = {"scratch_disconnect",
                             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                             " WHERE pid <> pg_backend_pid() AND datname = current_database() AND EXISTS"
                             " (SELECT 1 FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
                             " WHERE l.pid = pg_stat_activity.pid AND c.relnamespace = to_regnamespace($1))"};
constexpr Sql kTerminate = {"scratch_terminate", "SELECT pg_terminate_backend($1, 10000)"};

[[noreturn]] void GiveUp(const std::string& why) {
  (void)std::fprintf(stderr, "%s\n", why.c_str());
  std::abort();
}

std::string NextName() {
  static std::atomic<int> made = 0;
  return absl::StrCat("scratch_", getpid(), "_", ++made);
}

Connection Opened(const std::string& url, const Clock& clock) {
  Reply<Connection> connection = Connection::Open(url, clock, kPatience);
  if (!connection.ok()) GiveUp(connection.error().detail);
  return *std::move(connection);
}

void MustExecute(Connection& connection, const std::string& script) {
  const Reply<Nothing> done = connection.Execute(script, kPatience);
  if (!done.ok()) GiveUp(done.error().detail);
}

}  // namespace

std::string PostgresUrl() {
  const char* url = std::getenv("MUSTER_POSTGRES");
  if (url == nullptr)
    GiveUp("MUSTER_POSTGRES is not set; run this through: tools/postgres run --fast -- PROGRAM");
  return url;
}

ScratchSchema::ScratchSchema() : name_(NextName()) {
  Connection connection = Opened(PostgresUrl(), clock_);
  MustExecute(connection, absl::StrCat("CREATE SCHEMA ", name_));
}

ScratchSchema::~ScratchSchema() {
  Connection connection = Opened(PostgresUrl(), clock_);
  (void)connection.Run(kDisconnect, std::move(Parameters().Text(name_)), kPatience);
  MustExecute(connection, absl::StrCat("DROP SCHEMA ", name_, " CASCADE"));
}

std::string ScratchSchema::url() const {
  const std::string server = PostgresUrl();
  return absl::StrCat(server, absl::StrContains(server, "?") ? "&" : "?", "options=-csearch_path%3D", name_);
}

Connection ScratchSchema::Connect() const {
  return Opened(url(), clock_);
}

void Terminate(Connection& by, int backend_pid) {
  const Reply<Rows> done = by.Run(kTerminate, std::move(Parameters().Int32(backend_pid)), kPatience);
  if (!done.ok()) GiveUp(done.error().detail);
}

}  // namespace muster::testing
