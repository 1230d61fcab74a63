#include "rpc/batch_heartbeat.h"

#include <google/protobuf/arena.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "muster/registry.h"
#include "muster/v1/commands.pb.h"
#include "rpc/convert.h"
#include "rpc/heartbeat_wire.h"
#include "rpc/peer.h"
#include "rpc/status.h"
#include "rpc/wire.h"
#include "rpc/wire_error.h"

namespace muster::rpc {
namespace {

/// The error as one about heartbeats[index].
WorkerError InBatch(WorkerError error, std::size_t index) {
  if (auto* invalid = std::get_if<InvalidArgument>(&error)) {
    invalid->field = absl::StrCat("heartbeats[", index, "].", invalid->field);
  }
  return error;
}

/// How many heartbeats came, without reading them. What is refused counts for how long others are told to
/// wait: ten heartbeats must not count as a thousand.
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
    registry->WaitIfBusy();  // not a word of this call any more: it may be answered
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

  /// Everything but what the writer finds, so that the writer does not have to make it.
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

grpc::ServerUnaryReactor* AnswerBatchHeartbeat(const Gate& gate, grpc::CallbackServerContext& context,
                                               const grpc::ByteBuffer& received, grpc::ByteBuffer& reply) {
  auto* call = new BatchHeartbeatCall(reply);
  call->Begin(gate, context, received);
  return call;
}

}  // namespace muster::rpc
