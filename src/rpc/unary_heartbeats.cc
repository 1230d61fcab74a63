#include "rpc/unary_heartbeats.h"

#include <google/protobuf/arena.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "muster/registry.h"
#include "muster/v1/commands.pb.h"
#include "registry/heartbeat_batch.h"
#include "rpc/convert.h"
#include "rpc/heartbeat_wire.h"
#include "rpc/wire.h"
#include "rpc/wire_error.h"

namespace muster::rpc {
namespace {

/// Made and read on a thread of gRPC, applied and finished by the writer, deleted when gRPC is done with it.
class HeartbeatCall final : public grpc::ServerUnaryReactor, private Command {
 public:
  explicit HeartbeatCall(grpc::ByteBuffer& reply) : reply_(reply) { heartbeats_asked_ = 1; }

  void Begin(const Gate& gate, const grpc::CallbackServerContext& context, const grpc::ByteBuffer& received) {
    Registry* registry = gate.registry();
    if (registry == nullptr) return Refuse(gate.Refusal());
    bytes_ = BytesOf(received);
    const std::optional<HeartbeatCommand> heartbeat = ReadHeartbeat(View(bytes_));
    if (!heartbeat) return Refuse(Malformed(*v1::HeartbeatRequest::descriptor(), View(bytes_)));
    heartbeat_ = *heartbeat;
    if (!heartbeat_.instance_id.empty()) {  // only a heartbeat with an instance can report a clone
      peer_ = AddressOfPeer(context.peer());
      heartbeat_.peer = peer_;
    }
    turns_ = &registry->address_turns();
    timeout_ = registry->settings()->heartbeat_timeout;
    next_interval_ = registry->NextInterval();
    if (registry->IsProbe(heartbeat_.worker_id)) return AnswerProbe(*registry);
    const Outcome taken = registry->Submit(*this);
    if (!taken.ok()) return Refuse(taken.error());
    registry->WaitIfBusy();  // do not touch `this` after Submit: the writer may have finished and deleted it
  }

 private:
  /// The daemon's own heartbeat. Nothing is recorded, so the answer says 1970.
  void AnswerProbe(Registry& registry) {
    registry.Probe(heartbeat_.instance_id, [this](const WorkerError* error) {
      error == nullptr ? Reply(WorkerStatus::kActive) : Refuse(*error);
    });
    registry.WaitIfBusy();
  }

  void CollectKeys(BatchKeys& keys) const override { keys.ids.push_back(heartbeat_.worker_id); }

  void Apply(WriteTx& tx, const Moment& now) override {
    recorded_at_ = now.wall;
    receipt_.emplace(RecordHeartbeat(heartbeat_, timeout_, tx, now, turns_));
    if (receipt_->ok()) heartbeats_recorded_ = 1;
  }

  void Finish(const WorkerError* not_durable) override {
    if (not_durable != nullptr) return Refuse(*not_durable);
    if (!receipt_->ok()) return Refuse(receipt_->error());
    Reply((*receipt_)->status);
  }

  void Reply(WorkerStatus status) {
    alignas(8) char block[512];
    google::protobuf::Arena arena(block, sizeof block);
    auto& response = *google::protobuf::Arena::CreateMessage<v1::HeartbeatResponse>(&arena);
    ToProto(recorded_at_, *response.mutable_recorded_at());
    response.set_status(ToProto(status));
    ToProto(next_interval_, *response.mutable_next_interval());
    ToProto(timeout_, *response.mutable_heartbeat_timeout());
    Write(response, reply_);
    ServerUnaryReactor::Finish(grpc::Status::OK);
  }

  void Refuse(const WorkerError& error) { ServerUnaryReactor::Finish(ToStatus(error)); }

  void OnDone() override { delete this; }
  // OnDone is cheap and never blocks, so gRPC need not move it to another thread. The method is internal by
  // its name; a version without it does not compile.
  bool InternalInlineable() override { return true; }

  grpc::ByteBuffer& reply_;
  grpc::Slice bytes_;  // heartbeat_ points into it
  HeartbeatCommand heartbeat_;
  std::string peer_;
  AddressTurns* turns_ = nullptr;
  absl::Duration timeout_;
  absl::Duration next_interval_;
  absl::Time recorded_at_;
  std::optional<Result<HeartbeatReceipt>> receipt_;
};

/// How many heartbeats came, without reading them. What is refused decides how long others must wait: ten
/// heartbeats must not count as a thousand.
std::int64_t Estimate(const grpc::ByteBuffer& received) {
  std::vector<grpc::Slice> slices;
  if (!received.Dump(&slices).ok() || slices.empty()) return 1;
  const std::int64_t about = EstimateBatch(View(slices.front()), received.Length());
  return std::min<std::int64_t>(about, kMaxBatchedHeartbeats);
}

/// Made and read on a thread of gRPC, applied and finished by the writer, deleted when gRPC is done with it.
class BatchHeartbeatCall final : public grpc::ServerUnaryReactor, private Command {
 public:
  explicit BatchHeartbeatCall(grpc::ByteBuffer& reply)
      : reply_(reply),
        response_(*google::protobuf::Arena::CreateMessage<v1::BatchHeartbeatResponse>(&arena_)) {}

  void Begin(const Gate& gate, const grpc::CallbackServerContext& context, const grpc::ByteBuffer& received) {
    Registry* registry = gate.registry();
    if (registry == nullptr) return Refuse(gate.Refusal());
    if (auto refusal = registry->Refuses(Estimate(received))) return Refuse(*refusal);
    bytes_ = BytesOf(received);
    if (auto wrong = ReadRequest()) return Refuse(*std::move(wrong));
    heartbeats_asked_ = static_cast<std::int32_t>(heartbeats_.size());
    const bool fenced = std::any_of(heartbeats_.begin(), heartbeats_.end(),
                                    [](const HeartbeatCommand& each) { return !each.instance_id.empty(); });
    if (fenced) {
      peer_ = AddressOfPeer(context.peer());
      for (HeartbeatCommand& each : heartbeats_) each.peer = peer_;
    }
    timeout_ = registry->settings()->heartbeat_timeout;
    PrepareResponse(registry->NextInterval());
    const Outcome taken = registry->Submit(*this);
    if (!taken.ok()) return Refuse(taken.error());
    registry->WaitIfBusy();  // do not touch `this` after Submit: the writer may have finished and deleted it
  }

 private:
  std::optional<InvalidArgument> ReadRequest() {
    const std::optional<std::size_t> count = ReadBatch(View(bytes_), kMaxBatchedHeartbeats, heartbeats_);
    if (!count) return Malformed(*v1::BatchHeartbeatRequest::descriptor(), View(bytes_));
    if (*count == 0) return InvalidArgument{"heartbeats", "is empty: send 1 to 1000"};
    if (*count > kMaxBatchedHeartbeats) {
      return InvalidArgument{"heartbeats", absl::StrCat("has ", *count, " entries: send 1 to 1000")};
    }
    return std::nullopt;
  }

  /// Makes everything but what the writer decides, so that the writer does not have to.
  void PrepareResponse(absl::Duration next_interval) {
    response_.mutable_results()->Reserve(static_cast<int>(heartbeats_.size()));
    for (std::size_t i = 0; i < heartbeats_.size(); ++i) response_.add_results();
    ToProto(next_interval, *response_.mutable_next_interval());
    ToProto(timeout_, *response_.mutable_heartbeat_timeout());
  }

  void CollectKeys(BatchKeys& keys) const override {
    for (const HeartbeatCommand& each : heartbeats_) keys.ids.push_back(each.worker_id);
  }

  void Apply(WriteTx& tx, const Moment& now) override {
    ToProto(now.wall, *response_.mutable_recorded_at());
    for (std::size_t i = 0; i < heartbeats_.size(); ++i) {
      v1::HeartbeatResult& result = *response_.mutable_results(static_cast<int>(i));
      result.Clear();
      const Result<HeartbeatReceipt> receipt = RecordHeartbeat(heartbeats_[i], timeout_, tx, now);
      if (receipt.ok()) {
        ++heartbeats_recorded_;
        result.set_status(ToProto(receipt->status));
      } else {
        ToProto(InBatch(receipt.error(), i), *result.mutable_error());
      }
    }
  }

  void Finish(const WorkerError* not_durable) override {
    if (not_durable != nullptr) return Refuse(*not_durable);
    Write(response_, reply_);
    ServerUnaryReactor::Finish(grpc::Status::OK);
  }

  void Refuse(const WorkerError& error) { ServerUnaryReactor::Finish(ToStatus(error)); }

  void OnDone() override { delete this; }

  grpc::ByteBuffer& reply_;
  grpc::Slice bytes_;  // heartbeats_ point into it
  std::vector<HeartbeatCommand> heartbeats_;
  std::string peer_;
  absl::Duration timeout_;
  google::protobuf::Arena arena_;
  v1::BatchHeartbeatResponse& response_;
};

}  // namespace

grpc::ServerUnaryReactor* AnswerHeartbeat(const Gate& gate, grpc::CallbackServerContext& context,
                                          const grpc::ByteBuffer& received, grpc::ByteBuffer& reply) {
  auto* call = new HeartbeatCall(reply);
  call->Begin(gate, context, received);
  return call;
}

grpc::ServerUnaryReactor* AnswerBatchHeartbeat(const Gate& gate, grpc::CallbackServerContext& context,
                                               const grpc::ByteBuffer& received, grpc::ByteBuffer& reply) {
  auto* call = new BatchHeartbeatCall(reply);
  call->Begin(gate, context, received);
  return call;
}

}  // namespace muster::rpc
