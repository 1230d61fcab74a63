#include "rpc/heartbeat.h"

#include <google/protobuf/arena.h>
#include <grpcpp/server_context.h>

#include <optional>
#include <string>

#include "muster/registry.h"
#include "muster/v1/commands.pb.h"
#include "rpc/convert.h"
#include "rpc/heartbeat_wire.h"
#include "rpc/peer.h"
#include "rpc/status.h"
#include "rpc/wire.h"

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
    if (!heartbeat_.instance_id.empty()) {  // only those that are fenced can turn out to be clones
      peer_ = AddressOfPeer(context.peer());
      heartbeat_.peer = peer_;
    }
    timeout_ = registry->settings()->heartbeat_timeout;
    next_interval_ = registry->NextInterval();
    const Outcome taken = registry->Submit(*this);
    if (!taken.ok()) return Refuse(taken.error());
    registry->WaitIfBusy();  // not a word of this call any more: it may be answered
  }

 private:
  void CollectKeys(BatchKeys& keys) const override { keys.ids.push_back(heartbeat_.worker_id); }

  void Apply(WriteTx& tx, const Moment& now) override {
    recorded_at_ = now.wall;
    receipt_.emplace(RecordHeartbeat(heartbeat_, timeout_, tx, now));
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
  // OnDone is cheap and never blocks: gRPC need not move to another thread for it. Internal by name; a
  // version without it does not compile.
  bool InternalInlineable() override { return true; }

  grpc::ByteBuffer& reply_;
  grpc::Slice bytes_;  // heartbeat_ points into it
  HeartbeatCommand heartbeat_;
  std::string peer_;
  absl::Duration timeout_;
  absl::Duration next_interval_;
  absl::Time recorded_at_;
  std::optional<Result<HeartbeatReceipt>> receipt_;
};

}  // namespace

grpc::ServerUnaryReactor* AnswerHeartbeat(const Gate& gate, grpc::CallbackServerContext& context,
                                          const grpc::ByteBuffer& received, grpc::ByteBuffer& reply) {
  auto* call = new HeartbeatCall(reply);
  call->Begin(gate, context, received);
  return call;
}

}  // namespace muster::rpc
