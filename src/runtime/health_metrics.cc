#include "runtime/health_metrics.h"

namespace muster {

Counter<LogLoss, LogLevel> log_lines_lost({"muster_log_lines_lost_total",
                                           "Lines of the log that were not written."});
Counter<BatchFailure> batches_not_committed({"muster_batches_not_committed_total",
                                             "Batches of commands that the store did not confirm."});
Counter<Interface> connections_accepted({"muster_connections_accepted_total",
                                         "Connections that were accepted within the limits."});
Gauge<Interface> connections_open({"muster_connections_open", "Connections that are open."});
Counter<Interface, ConnectionRefusal> connections_refused(
    {"muster_connections_refused_total", "Connections that were not accepted, or closed at once."});
Counter<BlindCause> blind_time({"muster_blind_seconds_total",
                                "Time in which silence was counted against nobody.",
                                MetricUnit::kNanoseconds});
Gauge<> probe_latency_last({"muster_probe_latency_seconds",
                            "How long the daemon's last heartbeat to itself took.",
                            MetricUnit::kNanoseconds});
Gauge<> probe_latency_worst({"muster_probe_latency_worst_seconds",
                             "The longest that a heartbeat to itself took.", MetricUnit::kNanoseconds});
Gauge<> database_log_bytes({"muster_database_log_bytes", "Size of the write-ahead log of the database.",
                            MetricUnit::kBytes});

}  // namespace muster
