// How a worker is read from a row, and written to one.
#pragma once

#include <string_view>
#include <vector>

#include "muster/worker.h"
#include "store/postgres/connection.h"
#include "store/postgres/parameters.h"
#include "store/postgres/rows.h"

namespace muster::postgres {

/// What ReadWorker reads, for a SELECT from workers.
#define MUSTER_WORKER_COLUMNS                                                                          \
  "id, region, capacity, capabilities, metadata, status, status_reason, status_changed_at, "           \
  "registered_at, registered_at_listening, revision, instance_id, registered_from, "                   \
  "previous_instance_id, heartbeats_before, activated_by_hand_at, called_offline_at, clone_reported, " \
  "heartbeats, last_heartbeat_at, heard_at, in_use"

/// Not checked: see Rows. The handle is left 0.
WorkerView ReadWorker(const Rows& rows, int row);
/// Checked.
Reply<std::vector<WorkerView>> ReadWorkers(const Rows& rows);

/// Workers to be written by one statement. It inserts those that are not there and updates the others; pulses
/// stay. Ids must not repeat.
class WorkerRows {
 public:
  void Add(const Worker& worker);
  bool empty() const { return ids_.size() == 0; }
  /// For kUpsertWorkers.
  Parameters parameters() const;

 private:
  TextArray ids_;
  TextArray regions_;
  Int32Array capacities_;
  TextArray capabilities_;
  JsonArray metadata_;
  TextArray statuses_;
  TextArray status_reasons_;
  TimeArray status_changed_at_;
  TimeArray registered_at_;
  Int64Array registered_at_listening_;
  Int64Array revisions_;
  TextArray instance_ids_;
  TextArray registered_from_;
  TextArray previous_instance_ids_;
  Int64Array heartbeats_before_;
  Int64Array activated_by_hand_at_;
  Int64Array called_offline_at_;
  BoolArray clones_reported_;
};

extern const Sql kUpsertWorkers;

/// The status that the column names. A status that this program does not know is rejected.
WorkerStatus ReadStatus(const Rows& rows, int row, int column);

}  // namespace muster::postgres
