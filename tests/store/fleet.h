// Short forms of what every test of a store does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "catch.h"
#include "store/store.h"

namespace muster {

/// A moment, in seconds after an arbitrary start, the same on both clocks.
inline Moment At(double seconds) {
  return Moment{absl::FromUnixSeconds(1'800'000'000) + absl::Seconds(seconds),
                ListeningTime() + absl::Seconds(seconds)};
}

inline Worker NewWorker(std::string id, std::string region = "eu") {
  Worker worker;
  worker.id = std::move(id);
  worker.config.region = std::move(region);
  worker.config.capacity = 4;
  worker.config.capabilities = {"arm64", "gpu"};
  worker.config.metadata = {{"rack", "r1"}, {"zone", "a"}};
  worker.instance_id = "instance of " + worker.id;
  worker.registered_from = "10.0.0.7:51334";
  worker.registered_at = At(0).wall;
  worker.status_changed_at = At(0).wall;
  return worker;
}

template <typename Reads>  // PointReads or WriteTx
WorkerView Get(const Reads& reads, std::string_view id) {
  const Result<std::optional<WorkerView>> found = reads.Find(id);
  REQUIRE(found.ok());
  REQUIRE(found->has_value());
  return **found;
}

template <typename Reads>
bool Has(const Reads& reads, std::string_view id) {
  const Result<std::optional<WorkerView>> found = reads.Find(id);
  REQUIRE(found.ok());
  return found->has_value();
}

inline void Register(WriteTx& tx, Worker worker) {
  worker.revision = tx.NextRevision();
  tx.Insert(std::move(worker));
}

inline void MoveTo(WriteTx& tx, std::string_view id, WorkerStatus status) {
  const WorkerView view = Get(tx, id);
  Worker worker = *view.worker;
  worker.status = status;
  worker.revision = tx.NextRevision();
  tx.Update(view, std::move(worker));
}

inline void Beat(WriteTx& tx, std::string_view id, const Moment& now,
                 std::optional<std::int32_t> in_use = {}) {
  tx.RecordHeartbeat(Get(tx, id), now, in_use);
}

inline void CommitAt(Store& store, const Moment& now) {
  REQUIRE(store.Commit(ProvenState{now.listening, absl::Seconds(3)}).committed());
}

inline WorkerFilter InRegion(std::string region) {
  WorkerFilter filter;
  filter.region = std::move(region);
  return filter;
}

inline WorkerFilter WithStatus(WorkerStatus status) {
  WorkerFilter filter;
  filter.statuses = {status};
  return filter;
}

inline std::vector<std::string> Ids(const Result<std::vector<WorkerView>>& views) {
  REQUIRE(views.ok());
  std::vector<std::string> ids;
  for (const WorkerView& view : *views) ids.push_back(view.worker->id);
  return ids;
}

inline std::vector<HeartbeatRecord> History(const ScanReads& reads, std::string_view id) {
  const Result<std::vector<HeartbeatRecord>> history = reads.Heartbeats(id, INT64_MAX, 1000);
  REQUIRE(history.ok());
  return *history;
}

}  // namespace muster
