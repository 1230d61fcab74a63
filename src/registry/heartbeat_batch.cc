#include "registry/heartbeat_batch.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

/// Deletes itself when it is finished.
class HeartbeatBatch final : public Command {
 public:
  HeartbeatBatch(std::span<const HeartbeatCommand> heartbeats, absl::Duration heartbeat_timeout,
                 absl::AnyInvocable<void(Result<HeartbeatResults>)> done)
      : heartbeats_(heartbeats), done_(std::move(done)) {
    heartbeats_asked_ = static_cast<std::int32_t>(heartbeats.size());
    results_.heartbeat_timeout = heartbeat_timeout;
    results_.receipts.reserve(heartbeats.size());
  }

  void CollectKeys(BatchKeys& keys) const override {
    for (const HeartbeatCommand& each : heartbeats_) keys.ids.push_back(each.worker_id);
  }

  void Apply(WriteTx& tx, const Moment& now) override {
    results_.recorded_at = now.wall;
    results_.receipts.clear();
    for (const HeartbeatCommand& each : heartbeats_) {
      results_.receipts.push_back(RecordHeartbeat(each, results_.heartbeat_timeout, tx, now));
      if (results_.receipts.back().ok()) ++heartbeats_recorded_;
    }
  }

  void Finish(const WorkerError* not_durable) override {
    const std::unique_ptr<HeartbeatBatch> self(this);
    if (not_durable != nullptr) {
      done_(Result<HeartbeatResults>(*not_durable));
    } else {
      done_(Result<HeartbeatResults>(std::move(results_)));
    }
  }

 private:
  const std::span<const HeartbeatCommand> heartbeats_;
  absl::AnyInvocable<void(Result<HeartbeatResults>)> done_;
  HeartbeatResults results_;
};

}  // namespace

void SubmitHeartbeats(Registry& registry, std::span<const HeartbeatCommand> heartbeats,
                      absl::AnyInvocable<void(Result<HeartbeatResults>)> done) {
  registry.SubmitOwned(
      std::make_unique<HeartbeatBatch>(heartbeats, registry.settings()->heartbeat_timeout, std::move(done)));
}

WorkerError InBatch(WorkerError error, std::size_t index) {
  if (auto* invalid = std::get_if<InvalidArgument>(&error)) {
    invalid->field = absl::StrCat("heartbeats[", index, "].", invalid->field);
  }
  return error;
}

}  // namespace muster
