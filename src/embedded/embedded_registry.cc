// The use cases, as functions that wait for their answer.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "embedded/parts.h"
#include "muster/open_registry.h"
#include "muster/registry.h"
#include "registry/heartbeat_batch.h"

namespace muster {

absl::StatusOr<std::unique_ptr<EmbeddedRegistry>> OpenRegistry(std::string_view spec,
                                                               RegistryOptions options) {
  auto parts = EmbeddedRegistry::Parts::Open(spec, options);
  if (!parts.ok()) return parts.status();
  return std::unique_ptr<EmbeddedRegistry>(new EmbeddedRegistry(*std::move(parts)));
}

EmbeddedRegistry::EmbeddedRegistry(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

EmbeddedRegistry::~EmbeddedRegistry() = default;

Result<WorkerView> EmbeddedRegistry::Register(RegisterWorkerCommand command) {
  if (command.instance_id.empty() && command.generated_instance_id.empty()) {
    command.generated_instance_id = parts_->registry().NewInstanceId();
  }
  return parts_->Change(command.worker_id, [&command](WriteTx& tx, const Moment& now) {
    return RegisterWorker(command, tx, now);
  });
}

Result<WorkerView> EmbeddedRegistry::Unregister(UnregisterWorkerCommand command) {
  return parts_->Change(command.worker_id, [&command](WriteTx& tx, const Moment& now) {
    return UnregisterWorker(command, tx, now);
  });
}

Result<WorkerView> EmbeddedRegistry::UpdateStatus(UpdateWorkerStatusCommand command) {
  return parts_->Change(command.worker_id, [&command](WriteTx& tx, const Moment& now) {
    return UpdateWorkerStatus(command, tx, now);
  });
}

Result<HeartbeatReceipt> EmbeddedRegistry::RecordHeartbeat(const HeartbeatCommand& heartbeat) {
  Result<HeartbeatResults> results = parts_->Await<HeartbeatResults>([&](auto answer) {
    SubmitHeartbeats(parts_->registry(), std::span<const HeartbeatCommand>(&heartbeat, 1), std::move(answer));
  });
  if (!results.ok()) return results.error();
  return std::move(results->receipts.front());
}

Result<std::vector<Result<HeartbeatReceipt>>> EmbeddedRegistry::RecordHeartbeats(
    std::span<const HeartbeatCommand> heartbeats) {
  if (heartbeats.empty()) return std::vector<Result<HeartbeatReceipt>>();
  if (heartbeats.size() > kMaxHeartbeatsAtOnce) {
    return InvalidArgument{"heartbeats", absl::StrCat("has ", heartbeats.size(), " entries: at most ",
                                                      kMaxHeartbeatsAtOnce, " are taken at once")};
  }
  Result<HeartbeatResults> results = parts_->Await<HeartbeatResults>(
      [&](auto answer) { SubmitHeartbeats(parts_->registry(), heartbeats, std::move(answer)); });
  if (!results.ok()) return results.error();
  for (std::size_t i = 0; i < results->receipts.size(); ++i) {
    Result<HeartbeatReceipt>& each = results->receipts[i];
    if (!each.ok()) each = InBatch(each.error(), i);
  }
  return std::move(results->receipts);
}

absl::Duration EmbeddedRegistry::NextInterval() const {
  return parts_->registry().NextInterval();
}

Result<WorkerView> EmbeddedRegistry::Get(std::string_view worker_id) const {
  return parts_->Await<WorkerView>([&](auto answer) {
    parts_->registry().Read({}, [worker_id, to = std::move(answer)](Result<const PointReads*> reads) mutable {
      to(reads.ok() ? GetWorker(**reads, worker_id) : Result<WorkerView>(reads.error()));
    });
  });
}

Result<std::optional<HeartbeatRecord>> EmbeddedRegistry::LastHeartbeat(std::string_view worker_id) const {
  const Result<WorkerView> worker = Get(worker_id);
  if (!worker.ok()) return worker.error();
  std::optional<HeartbeatRecord> last;
  if (worker->pulse.total > 0) last = HeartbeatRecord{worker->pulse.total, worker->pulse.last_at};
  return last;
}

Result<WorkerPage> EmbeddedRegistry::List(const WorkerFilter& filter, const PageRequest& page) const {
  return parts_->Ask<WorkerPage>(ReadLane::kScan,
                                 [&](const ScanReads& reads) { return ListWorkers(reads, filter, page); });
}

Result<HeartbeatPage> EmbeddedRegistry::ListHeartbeats(std::string_view worker_id,
                                                       const PageRequest& page) const {
  return parts_->Ask<HeartbeatPage>(ReadLane::kPoint, [&](const ScanReads& reads) {
    return muster::ListHeartbeats(reads, worker_id, page);
  });
}

Result<EventPage> EmbeddedRegistry::ListEvents(const EventFilter& filter, const PageRequest& page) const {
  return parts_->Ask<EventPage>(
      ReadLane::kScan, [&](const ScanReads& reads) { return muster::ListEvents(reads, filter, page); });
}

Result<std::vector<RegionTotals>> EmbeddedRegistry::Count() const {
  return parts_->Ask<std::vector<RegionTotals>>(ReadLane::kScan,
                                                [](const ScanReads& reads) { return CountWorkers(reads); });
}

RegistryStatus EmbeddedRegistry::Status() const {
  return parts_->registry().Status();
}

Result<SweepReport> EmbeddedRegistry::RunJob(Job job) {
  return parts_->Await<SweepReport>([&](auto answer) { parts_->registry().RunJob(job, std::move(answer)); });
}

Result<std::array<SweepReport, 3>> EmbeddedRegistry::RunAllJobs() {
  return parts_->Await<SchedulerReport>(
      [&](auto answer) { parts_->registry().RunAllJobs(std::move(answer)); });
}

void EmbeddedRegistry::RunDue() {
  parts_->RunDue();
}

Settings EmbeddedRegistry::settings() const {
  return *parts_->registry().settings();
}

absl::Status EmbeddedRegistry::SetSettings(const Settings& settings) {
  if (const std::optional<std::string> problem = Validate(settings)) {
    return absl::InvalidArgumentError(*problem);
  }
  parts_->registry().SetSettings(settings);
  parts_->RunDue();
  return absl::OkStatus();
}

}  // namespace muster
