#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "http/api/handlers.h"
#include "http/api/render.h"
#include "muster/commands.h"
#include "registry/heartbeat_batch.h"

namespace muster::http {
namespace {

constexpr std::size_t kMaxBatchedHeartbeats = 1000;

/// Created on the engine's thread; applied and finished by the writer. Deletes itself when it is finished.
class HeartbeatCall final : public Command {
 public:
  /// `instance_id` points into the body of the call. The body keeps its strings in place when it moves.
  HeartbeatCall(Call call, std::string_view instance_id, std::optional<std::int32_t> in_use,
                Registry& registry)
      : call_(std::move(call)),
        heartbeat_{call_.id, instance_id, in_use, call_.request().peer},
        turns_(registry.address_turns()),
        timeout_(registry.settings()->heartbeat_timeout),
        next_interval_(registry.NextInterval()) {
    heartbeats_asked_ = 1;
  }

  void CollectKeys(BatchKeys& keys) const override { keys.ids.push_back(heartbeat_.worker_id); }

  void Apply(WriteTx& tx, const Moment& now) override {
    recorded_at_ = now.wall;
    receipt_.emplace(RecordHeartbeat(heartbeat_, timeout_, tx, now, &turns_));
    if (receipt_->ok()) heartbeats_recorded_ = 1;
  }

  void Finish(const WorkerError* not_durable) override {
    const std::unique_ptr<HeartbeatCall> self(this);
    if (not_durable != nullptr) return call_.Refuse(*not_durable);
    if (!receipt_->ok()) return call_.Refuse(receipt_->error());
    call_.Reply({{"status", StatusName((*receipt_)->status)},
                 {"recordedAt", Render(recorded_at_)},
                 {"nextInterval", Render(next_interval_)},
                 {"heartbeatTimeout", Render(timeout_)}});
  }

 private:
  Call call_;
  const HeartbeatCommand heartbeat_;  // points into call_
  AddressTurns& turns_;
  const absl::Duration timeout_;
  const absl::Duration next_interval_;
  absl::Time recorded_at_;
  std::optional<Result<HeartbeatReceipt>> receipt_;
};

/// The daemon's own heartbeat. Nothing is recorded, so the answer says 1970.
void AnswerProbe(Call call, const std::string& token, Registry& registry) {
  Json reply = {{"status", StatusName(WorkerStatus::kActive)},
                {"recordedAt", Render(absl::UnixEpoch())},
                {"nextInterval", Render(registry.NextInterval())},
                {"heartbeatTimeout", Render(registry.settings()->heartbeat_timeout)}};
  registry.Probe(token, [call = std::move(call), reply = std::move(reply)](const WorkerError* error) mutable {
    error == nullptr ? call.Reply(reply) : call.Refuse(*error);
  });
}

struct BatchCall {
  Call call;
  absl::Duration next_interval;
  std::vector<HeartbeatCommand> heartbeats;  // point into `call`
};

FieldError ReadHeartbeats(BatchCall& batch) {
  ObjectReader body(batch.call.body);
  const Json* array = body.Array("heartbeats");
  if (FieldError wrong = body.Wrong()) return wrong;
  if (array == nullptr || array->empty()) return InvalidArgument{"heartbeats", "is empty: send 1 to 1000"};
  if (array->size() > kMaxBatchedHeartbeats) {
    return InvalidArgument{"heartbeats", absl::StrCat("has ", array->size(), " entries: send 1 to 1000")};
  }
  batch.heartbeats.reserve(array->size());
  for (const Json& each : *array) {
    const std::string place = absl::StrCat("heartbeats[", batch.heartbeats.size(), "]");
    if (!each.is_object()) return InvalidArgument{place, "must be an object"};
    ObjectReader fields(each, place + ".");
    batch.heartbeats.push_back(
        {fields.Text("id"), fields.Text("instanceId"), fields.Int32("inUse"), batch.call.request().peer});
    if (FieldError wrong = fields.Wrong()) return wrong;
  }
  return std::nullopt;
}

void Reply(BatchCall& batch, const HeartbeatResults& results) {
  Json rendered = Json::array();
  for (std::size_t i = 0; i < results.receipts.size(); ++i) {
    const Result<HeartbeatReceipt>& receipt = results.receipts[i];
    rendered.push_back(
        {{"id", batch.heartbeats[i].worker_id},
         {"status", receipt.ok() ? Json(StatusName(receipt->status)) : Json()},
         {"error", receipt.ok() ? Json() : ProblemOf(InJsonNames(InBatch(receipt.error(), i)))}});
  }
  batch.call.Reply({{"results", std::move(rendered)},
                    {"recordedAt", Render(results.recorded_at)},
                    {"nextInterval", Render(batch.next_interval)},
                    {"heartbeatTimeout", Render(results.heartbeat_timeout)}});
}

}  // namespace

void Heartbeat(Call call, Registry& registry) {
  ObjectReader body(call.body);
  const std::string_view instance_id = body.Text("instanceId");
  const std::optional<std::int32_t> in_use = body.Int32("inUse");
  if (FieldError wrong = body.Wrong()) return call.Reject(*wrong);
  if (registry.IsProbe(call.id)) return AnswerProbe(std::move(call), std::string(instance_id), registry);
  registry.SubmitOwned(std::make_unique<HeartbeatCall>(std::move(call), instance_id, in_use, registry));
}

void BatchHeartbeat(Call call, Registry& registry) {
  auto batch = std::make_unique<BatchCall>(BatchCall{std::move(call), registry.NextInterval(), {}});
  if (FieldError wrong = ReadHeartbeats(*batch)) return batch->call.Reject(*wrong);
  const std::span<const HeartbeatCommand> heartbeats = batch->heartbeats;
  SubmitHeartbeats(registry, heartbeats, [batch = std::move(batch)](Result<HeartbeatResults> results) {
    if (!results.ok()) return batch->call.Refuse(results.error());
    Reply(*batch, *results);
  });
}

}  // namespace muster::http
