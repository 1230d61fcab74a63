// What SQLite alone can do: appends batches of one-row heartbeats to a journal table, each batch one durable
// transaction. The ceiling for BatchHeartbeat on this disk.
//
//     muster_journal_append --directory DIR [--seconds 3] [--batch 1000] [--workers 10000]
//
// Prints one line of JSON: rows, seconds, rows_per_second, cpu_us_per_row.

#include <sqlite3.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "CLI/CLI.hpp"

namespace {

void Check(int result, sqlite3* database) {
  if (result == SQLITE_OK || result == SQLITE_DONE || result == SQLITE_ROW) return;
  std::fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(database));
  std::exit(1);
}

void Execute(sqlite3* database, const char* sql) {
  Check(sqlite3_exec(database, sql, nullptr, nullptr, nullptr), database);
}

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  std::string directory;
  double seconds = 3;
  int batch = 1000;
  std::int64_t workers = 10'000;
  CLI::App app("Appends heartbeats to an SQLite journal, durably, as fast as it can");
  app.add_option("--directory", directory, "Where to put the database")->required();
  app.add_option("--seconds", seconds, "How long");
  app.add_option("--batch", batch, "Rows in a transaction");
  app.add_option("--workers", workers, "How many workers the rows are about");
  CLI11_PARSE(app, argc, argv);

  sqlite3* database = nullptr;
  Check(sqlite3_open((directory + "/journal.db").c_str(), &database), database);
  Execute(database, "PRAGMA journal_mode = WAL");
  Execute(database, "PRAGMA synchronous = FULL");
  Execute(database,
          "CREATE TABLE journal (seq INTEGER PRIMARY KEY, worker_key INTEGER NOT NULL, at INTEGER NOT NULL)");
  sqlite3_stmt* insert = nullptr;
  Check(sqlite3_prepare_v2(database, "INSERT INTO journal VALUES (?, ?, ?)", -1, &insert, nullptr), database);

  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const double cpu_before = CpuSeconds();
  std::int64_t rows = 0;
  double elapsed = 0;
  while (elapsed < seconds) {
    const std::int64_t at =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
    Execute(database, "BEGIN IMMEDIATE");
    for (int i = 0; i < batch; ++i) {
      ++rows;
      sqlite3_bind_int64(insert, 1, rows);
      sqlite3_bind_int64(insert, 2, rows * 7919 % workers);
      sqlite3_bind_int64(insert, 3, at);
      Check(sqlite3_step(insert), database);
      sqlite3_reset(insert);
    }
    Execute(database, "COMMIT");
    elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  const double cpu = CpuSeconds() - cpu_before;
  sqlite3_finalize(insert);
  sqlite3_close(database);
  std::printf("{\"rows\": %lld, \"seconds\": %.3f, \"rows_per_second\": %.0f, \"cpu_us_per_row\": %.3f}\n",
              static_cast<long long>(rows), elapsed, static_cast<double>(rows) / elapsed,
              cpu * 1e6 / static_cast<double>(rows));
  return 0;
}
