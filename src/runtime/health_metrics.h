// The figures of "health of this daemon" in the fleet summary. They stand together because the room that
// counts one is not always above or below the room that shows it. Each is zero while all is well, but for the
// gauges of what is normal (open connections, the last probe, the size of the database's log).
#pragma once

#include "muster/blind_times.h"
#include "runtime/metrics.h"

namespace muster {

enum class LogLevel;
constexpr LabelValues<4> LabelOf(LogLevel) {
  return {"level", {"debug", "info", "warn", "error"}};
}

enum class LogLoss {
  kQueueFull,    // the reader of the log is too slow
  kSource,       // one source said too much
  kWriteFailed,  // standard error is closed, or its disk is full
};
constexpr LabelValues<3> LabelOf(LogLoss) {
  return {"cause", {"queue_full", "source", "write_failed"}};
}

/// A batch of commands that was not answered with OK.
enum class BatchFailure {
  kFailed,   // nothing of it happened
  kInDoubt,  // it may have happened
};
constexpr LabelValues<2> LabelOf(BatchFailure) {
  return {"outcome", {"failed", "in_doubt"}};
}

enum class Interface { kGrpc, kHttp };
constexpr LabelValues<2> LabelOf(Interface) {
  return {"interface", {"grpc", "http"}};
}

enum class ConnectionRefusal {
  kOpenFiles,  // the process or the machine has no descriptor left
  kInAll,      // too many connections in all
  kByAddress,  // too many connections from one address
};
constexpr LabelValues<3> LabelOf(ConnectionRefusal) {
  return {"cause", {"open_files", "in_all", "by_address"}};
}

constexpr LabelValues<4> LabelOf(BlindCause) {
  return {"cause", {"starting", "stopped", "socket", "store"}};
}

extern Counter<LogLoss, LogLevel> log_lines_lost;
extern Counter<BatchFailure> batches_not_committed;
extern Counter<Interface> connections_accepted;
extern Gauge<Interface> connections_open;
extern Counter<Interface, ConnectionRefusal> connections_refused;
extern Counter<BlindCause> blind_time;  // nanoseconds
extern Gauge<> probe_latency_last;      // nanoseconds
extern Gauge<> probe_latency_worst;     // nanoseconds, since the start
extern Gauge<> database_log_bytes;      // SQLite: the write-ahead log, as a file

}  // namespace muster
