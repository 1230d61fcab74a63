// What SQLite alone does, by the shortest loop that does it: the references for what Muster does on SQLite.
//
//     muster_bare_sqlite append --directory DIR --seconds 3 --workers 10000    1,000 rows to a durable commit
//     muster_bare_sqlite expire --database FILE --schema SQL… --workers 10000  the rows of workers that
//     expire muster_bare_sqlite read   --database FILE                                what a daemon reads at
//     its start
//
// `append` is the ceiling for BatchHeartbeat on this disk. `expire` makes the database where there is none,
// and then moves all workers from Active to Offline or back, 1,000 in a durable commit, each with its event.
// `read` changes nothing, not even the log. Prints one line of JSON with rows, seconds, rows_per_second; for
// `append` cpu_us_per_row as well.

#include <sqlite3.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "CLI/CLI.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// A connection; every error ends the program.
class Database {
 public:
  Database(const std::string& path, int flags) {
    Check(sqlite3_open_v2(path.c_str(), &connection_, flags, nullptr));
  }
  ~Database() { sqlite3_close_v2(connection_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void Check(int result) const {
    if (result == SQLITE_OK || result == SQLITE_DONE || result == SQLITE_ROW) return;
    std::fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(connection_));
    std::exit(1);
  }
  void Execute(const std::string& sql) const {
    Check(sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr));
  }
  std::int64_t Number(std::string_view sql) const {
    sqlite3_stmt* statement = Prepare(sql);
    Check(sqlite3_step(statement));
    const std::int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
  }
  /// The caller finalizes it.
  sqlite3_stmt* Prepare(std::string_view sql) const {
    sqlite3_stmt* statement = nullptr;
    Check(sqlite3_prepare_v2(connection_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr));
    return statement;
  }
  sqlite3* connection() const { return connection_; }

 private:
  sqlite3* connection_ = nullptr;
};

void BindText(sqlite3_stmt* statement, int at, const std::string& text) {
  sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

constexpr int kReadWrite = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
// As durable as the daemon, and with as much memory for pages.
constexpr char kSettings[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384";

void Report(std::int64_t rows, double seconds) {
  std::printf("{\"rows\": %lld, \"seconds\": %.4f, \"rows_per_second\": %.0f}\n",
              static_cast<long long>(rows), seconds, static_cast<double>(rows) / seconds);
}

void Append(const std::string& directory, double seconds, int batch, std::int64_t workers) {
  const Database database(directory + "/journal.db", kReadWrite);
  database.Execute("PRAGMA journal_mode = WAL");
  database.Execute("PRAGMA synchronous = FULL");
  database.Execute(
      "CREATE TABLE journal (seq INTEGER PRIMARY KEY, worker_key INTEGER NOT NULL, at INTEGER NOT NULL)");
  sqlite3_stmt* insert = database.Prepare("INSERT INTO journal VALUES (?, ?, ?)");
  const auto begin = Clock::now();
  const double cpu_before = CpuSeconds();
  std::int64_t rows = 0;
  double elapsed = 0;
  while (elapsed < seconds) {
    const std::int64_t at =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
    database.Execute("BEGIN IMMEDIATE");
    for (int i = 0; i < batch; ++i) {
      ++rows;
      sqlite3_bind_int64(insert, 1, rows);
      sqlite3_bind_int64(insert, 2, rows * 7919 % workers);
      sqlite3_bind_int64(insert, 3, at);
      database.Check(sqlite3_step(insert));
      sqlite3_reset(insert);
    }
    database.Execute("COMMIT");
    elapsed = SecondsSince(begin);
  }
  const double cpu = CpuSeconds() - cpu_before;
  sqlite3_finalize(insert);
  std::printf("{\"rows\": %lld, \"seconds\": %.4f, \"rows_per_second\": %.0f, \"cpu_us_per_row\": %.3f}\n",
              static_cast<long long>(rows), elapsed, static_cast<double>(rows) / elapsed,
              cpu * 1e6 / static_cast<double>(rows));
}

// The daemon's own tables, by its own migrations; the rows as it writes them for the workers of muster_load.
constexpr int kActive = 2;
constexpr int kOffline = 3;
constexpr char kReason[] = "silent for 1m2.345s, timeout 10s";

void Fill(const Database& database, const std::vector<std::string>& schema, std::int64_t workers) {
  for (const std::string& path : schema) {
    std::ifstream file(path);
    database.Execute(std::string(std::istreambuf_iterator<char>(file), {}));
  }
  database.Execute("BEGIN IMMEDIATE");
  sqlite3_stmt* worker = database.Prepare(
      "INSERT INTO workers (key, id, region, capacity, capabilities, metadata, instance_id, registered_from,"
      " previous_instance_id, registered_at, registered_at_listening, heartbeats_before)"
      " VALUES (?1, 'bench-' || ?1, 'region-' || (?1 % 8), 10, '[\"gpu\"]', '{\"rack\":\"r1\"}',"
      " 'instance-' || ?1, '127.0.0.1:40000', '', 1790000000000000, 1000000, 0)");
  sqlite3_stmt* state = database.Prepare(
      "INSERT INTO worker_states (key, status, status_reason, status_changed_at, revision, clone_reported)"
      " VALUES (?1, 2, 'heard since it registered', 1790000000000000, ?1, 0)");
  sqlite3_stmt* event = database.Prepare(
      "INSERT INTO events (cursor, type, at, worker_id, region, revision, to_status, reason, actor)"
      " VALUES (?1, 1, 1790000000000000, 'bench-' || ?1, 'region-' || (?1 % 8), ?1, 1, '', 'worker')");
  for (std::int64_t key = 1; key <= workers; ++key) {
    for (sqlite3_stmt* insert : {worker, state, event}) {
      sqlite3_bind_int64(insert, 1, key);
      database.Check(sqlite3_step(insert));
      sqlite3_reset(insert);
    }
  }
  for (sqlite3_stmt* insert : {worker, state, event}) sqlite3_finalize(insert);
  database.Execute("INSERT OR IGNORE INTO roll (only, token_key, last_revision) VALUES (1, x'00', 0)");
  database.Execute("COMMIT");
}

void Expire(const std::string& path, const std::vector<std::string>& schema, std::int64_t workers,
            int in_step) {
  const bool is_new = !std::filesystem::exists(path);
  const Database database(path, kReadWrite);
  database.Execute(kSettings);
  if (is_new) Fill(database, schema, workers);
  std::int64_t cursor = database.Number("SELECT max(cursor) FROM events");
  // As many events as a daemon keeps, so that each run finds a table of one size.
  database.Execute("DELETE FROM events WHERE cursor <= " + std::to_string(cursor - workers));
  const std::int64_t from = database.Number("SELECT status FROM worker_states WHERE key = 1");
  const std::int64_t to = from == kActive ? kOffline : kActive;
  sqlite3_stmt* update = database.Prepare(
      "UPDATE worker_states SET status = ?, status_reason = ?, status_changed_at = ?, revision = ?,"
      " activated_by_hand_at = NULL, called_offline_at = ?, clone_reported = 0 WHERE key = ?");
  sqlite3_stmt* event = database.Prepare(
      "INSERT INTO events (cursor, type, at, worker_id, region, revision, from_status, to_status, reason,"
      " actor) VALUES (?, 4, ?, ?, ?, ?, ?, ?, ?, 'job:stale-detection')");
  database.Execute("PRAGMA wal_checkpoint");
  const auto begin = Clock::now();
  for (std::int64_t first = 1; first <= workers; first += in_step) {
    const std::int64_t at = 1'790'000'000'000'000 + first;
    database.Execute("BEGIN IMMEDIATE");
    for (std::int64_t key = first; key < first + in_step && key <= workers; ++key) {
      const std::int64_t revision = cursor + key;
      sqlite3_bind_int64(update, 1, to);
      BindText(update, 2, kReason);
      sqlite3_bind_int64(update, 3, at);
      sqlite3_bind_int64(update, 4, revision);
      sqlite3_bind_int64(update, 5, at);
      sqlite3_bind_int64(update, 6, key);
      database.Check(sqlite3_step(update));
      sqlite3_reset(update);
    }
    for (std::int64_t key = first; key < first + in_step && key <= workers; ++key) {
      sqlite3_bind_int64(event, 1, cursor + key);
      sqlite3_bind_int64(event, 2, at);
      BindText(event, 3, "bench-" + std::to_string(key));
      BindText(event, 4, "region-" + std::to_string(key % 8));
      sqlite3_bind_int64(event, 5, cursor + key);
      sqlite3_bind_int64(event, 6, from);
      sqlite3_bind_int64(event, 7, to);
      BindText(event, 8, kReason);
      database.Check(sqlite3_step(event));
      sqlite3_reset(event);
    }
    database.Execute("COMMIT");
  }
  const double seconds = SecondsSince(begin);
  sqlite3_finalize(update);
  sqlite3_finalize(event);
  Report(workers, seconds);
}

void Read(const std::string& path) {
  const Database database(path, SQLITE_OPEN_READONLY);
  // What is in the log stays there: it is a part of what the daemon finds at its next start.
  database.Check(sqlite3_db_config(database.connection(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr));
  const auto begin = Clock::now();
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  for (const char* table : {"workers", "worker_states", "pulses", "journal"}) {
    sqlite3_stmt* query = database.Prepare(std::string("SELECT * FROM ") + table);
    const int columns = sqlite3_column_count(query);
    int result = SQLITE_ROW;
    while ((result = sqlite3_step(query)) == SQLITE_ROW) {
      ++rows;
      for (int column = 0; column < columns; ++column) {
        const int type = sqlite3_column_type(query, column);
        if (type == SQLITE_INTEGER) {
          bytes += sqlite3_column_int64(query, column) != 0 ? 8 : 0;
        } else if (sqlite3_column_blob(query, column) != nullptr) {
          bytes += sqlite3_column_bytes(query, column);
        }
      }
    }
    database.Check(result);
    sqlite3_finalize(query);
  }
  if (bytes == 0) std::fprintf(stderr, "sqlite: %s holds nothing\n", path.c_str());
  Report(rows, SecondsSince(begin));
}

}  // namespace

int main(int argc, char** argv) {
  std::string directory;
  std::string database;
  std::vector<std::string> schema;
  double seconds = 3;
  int batch = 1000;
  std::int64_t workers = 10'000;
  CLI::App app("What SQLite alone does, as a reference for what Muster does on it");
  app.require_subcommand(1);
  CLI::App* append = app.add_subcommand("append", "Appends to a journal, durably, as fast as it can");
  append->add_option("--directory", directory, "Where to put the database")->required();
  append->add_option("--seconds", seconds, "How long");
  CLI::App* expire = app.add_subcommand("expire", "Writes what is written when all workers expire");
  expire->add_option("--schema", schema, "The daemon's migrations, in order")->required();
  CLI::App* read = app.add_subcommand("read", "Reads all that a daemon reads at its start");
  for (CLI::App* each : {expire, read}) {
    each->add_option("--database", database, "The file")->required();
  }
  for (CLI::App* each : {append, expire}) {
    each->add_option("--batch", batch, "Rows in a transaction")->check(CLI::PositiveNumber);
    each->add_option("--workers", workers, "How many workers the rows are about")->check(CLI::PositiveNumber);
  }
  CLI11_PARSE(app, argc, argv);
  if (append->parsed()) Append(directory, seconds, batch, workers);
  if (expire->parsed()) Expire(database, schema, workers, batch);
  if (read->parsed()) Read(database);
  return 0;
}
