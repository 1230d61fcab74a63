#include "http/api/heartbeats.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/text.h"
#include "http/api/render.h"
#include "muster/commands.h"

namespace muster::http {
namespace {

/// The fields of a heartbeat, and the command that points into them.
struct Beat {
  std::string id;
  std::string instance_id;
  std::optional<std::int32_t> in_use;

  HeartbeatCommand Command(std::string_view peer) const { return {id, instance_id, in_use, peer}; }
};

/// Takes a command to the roll, which then owns it until it is finished.
template <typename T>
void SubmitOwned(std::unique_ptr<T> command, Registry& registry) {
  const Outcome taken = registry.Submit(*command);
  T* taken_over = command.release();  // deletes itself in Finish
  if (!taken.ok()) taken_over->Finish(&taken.error());
}

/// Made on the engine's thread, applied and finished by the writer, deletes itself when finished.
class HeartbeatCall final : public Command {
 public:
  HeartbeatCall(Call call, Beat beat, const Registry& registry, absl::Duration next_interval)
      : call_(std::move(call)),
        beat_(std::move(beat)),
        timeout_(registry.settings()->heartbeat_timeout),
        next_interval_(next_interval) {
    heartbeats_asked_ = 1;
  }

  void CollectKeys(BatchKeys& keys) const override { keys.ids.push_back(beat_.id); }

  void Apply(WriteTx& tx, const Moment& now) override {
    recorded_at_ = now.wall;
    receipt_.emplace(RecordHeartbeat(beat_.Command(call_.request().peer), timeout_, tx, now));
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
  const Beat beat_;
  const absl::Duration timeout_;
  const absl::Duration next_interval_;
  absl::Time recorded_at_;
  std::optional<Result<HeartbeatReceipt>> receipt_;
};

std::string Place(std::size_t index) {
  return absl::StrCat("heartbeats[", index, "]");
}

/// The error as one about heartbeats[index].
WorkerError InBatch(WorkerError error, std::size_t index) {
  if (auto* invalid = std::get_if<InvalidArgument>(&error)) {
    invalid->field = Concat({Place(index), ".", invalid->field});
  }
  return error;
}

Result<std::vector<Beat>> BeatsFrom(const Json& object) {
  ObjectReader body(object);
  const Json* array = body.Array("heartbeats");
  if (FieldError wrong = body.Wrong()) return *std::move(wrong);
  if (array == nullptr || array->empty()) return InvalidArgument{"heartbeats", "is empty: send 1 to 1000"};
  if (array->size() > kMaxBatchedHeartbeats) {
    return InvalidArgument{"heartbeats", absl::StrCat("has ", array->size(), " entries: send 1 to 1000")};
  }
  std::vector<Beat> beats;
  beats.reserve(array->size());
  for (const Json& each : *array) {
    const std::string place = Place(beats.size());
    if (!each.is_object()) return InvalidArgument{place, "must be an object"};
    ObjectReader fields(each, place + ".");
    beats.push_back({fields.Text("id"), fields.Text("instanceId"), fields.Int32("inUse")});
    if (FieldError wrong = fields.Wrong()) return *std::move(wrong);
  }
  return beats;
}

/// As HeartbeatCall.
class BatchCall final : public Command {
 public:
  BatchCall(Call call, std::vector<Beat> beats, const Registry& registry, absl::Duration next_interval)
      : call_(std::move(call)),
        beats_(std::move(beats)),
        timeout_(registry.settings()->heartbeat_timeout),
        next_interval_(next_interval) {
    receipts_.reserve(beats_.size());
    heartbeats_asked_ = static_cast<std::int32_t>(beats_.size());
  }

  void CollectKeys(BatchKeys& keys) const override {
    for (const Beat& each : beats_) keys.ids.push_back(each.id);
  }

  void Apply(WriteTx& tx, const Moment& now) override {
    recorded_at_ = now.wall;
    receipts_.clear();
    for (const Beat& each : beats_) {
      receipts_.push_back(RecordHeartbeat(each.Command(call_.request().peer), timeout_, tx, now));
      if (receipts_.back().ok()) ++heartbeats_recorded_;
    }
  }

  void Finish(const WorkerError* not_durable) override {
    const std::unique_ptr<BatchCall> self(this);
    if (not_durable != nullptr) return call_.Refuse(*not_durable);
    Json results = Json::array();
    for (std::size_t i = 0; i < beats_.size(); ++i) {
      const Result<HeartbeatReceipt>& receipt = receipts_[i];
      results.push_back(
          {{"id", beats_[i].id},
           {"status", receipt.ok() ? Json(StatusName(receipt->status)) : Json()},
           {"error", receipt.ok() ? Json() : ProblemOf(InJsonNames(InBatch(receipt.error(), i)))}});
    }
    call_.Reply({{"results", std::move(results)},
                 {"recordedAt", Render(recorded_at_)},
                 {"nextInterval", Render(next_interval_)},
                 {"heartbeatTimeout", Render(timeout_)}});
  }

 private:
  Call call_;
  const std::vector<Beat> beats_;
  const absl::Duration timeout_;
  const absl::Duration next_interval_;
  absl::Time recorded_at_;
  std::vector<Result<HeartbeatReceipt>> receipts_;
};

}  // namespace

void Heartbeat(Call call, Registry& registry) {
  ObjectReader body(call.body);
  Beat beat{call.id, body.Text("instanceId"), body.Int32("inUse")};
  if (FieldError wrong = body.Wrong()) return call.Reject(*wrong);
  SubmitOwned(std::make_unique<HeartbeatCall>(std::move(call), std::move(beat), registry, registry.NextInterval()), registry);
}

void BatchHeartbeat(Call call, Registry& registry) {
  Result<std::vector<Beat>> beats = BeatsFrom(call.body);
  if (!beats.ok()) return call.Reject(beats.error());
  SubmitOwned(std::make_unique<BatchCall>(std::move(call), *std::move(beats), registry, registry.NextInterval()), registry);
}

}  // namespace muster::http
