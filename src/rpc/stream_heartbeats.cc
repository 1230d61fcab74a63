#include "rpc/stream_heartbeats.h"

#include <grpcpp/server_context.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "muster/registry.h"
#include "muster/v1/commands.pb.h"
#include "rpc/convert.h"
#include "rpc/heartbeat_burst.h"
#include "rpc/heartbeat_wire.h"
#include "rpc/stream_state.h"
#include "rpc/wire.h"
#include "runtime/mutex.h"

namespace muster::rpc {
namespace {

/// At most three threads work on a stream at once: a thread of gRPC that reads, the writer, and a thread of
/// gRPC that writes answers. Under the lock, each tells the state what happened and gets the next steps. It
/// carries out these steps without the lock. Every step is given to one thread only.
class HeartbeatStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                              private Command,
                              private OpenStreams::Stream {
 public:
  HeartbeatStream(OpenStreams& streams, const grpc::CallbackServerContext& context)
      : streams_(streams), peer_(AddressOfPeer(context.peer())) {}

  void Begin(const Gate& gate) {
    registry_ = gate.registry();
    if (registry_ == nullptr) return ServerBidiReactor::Finish(ToStatus(gate.Refusal()));
    const Outcome added = streams_.Add(*this);
    if (!added.ok()) return ServerBidiReactor::Finish(ToStatus(added.error()));
    added_ = true;
    StartRead(&received_);
  }

 private:
  using Steps = StreamState::Steps;

  // Reading.

  void OnReadDone(bool ok) override {
    if (!ok) return StopReading(grpc::Status::OK);  // half-closed, or gone: then no client gets the status
    const grpc::Slice bytes = BytesOf(received_);
    received_.Clear();
    const std::optional<HeartbeatCommand> heartbeat = ReadStreamed(View(bytes));
    if (!heartbeat) {
      return StopReading(ToStatus(Malformed(*v1::StreamHeartbeatsRequest::descriptor(), View(bytes))));
    }
    Steps steps;
    {
      const MutexLock lock(mu_);
      if (state_.TakesIn()) gathering_.Add(*heartbeat);
      steps = Claim(state_.HeartbeatRead());
    }
    Do(steps);
  }

  void StopReading(grpc::Status end) {
    Steps steps;
    {
      const MutexLock lock(mu_);
      EndLater(std::move(end));
      steps = Claim(state_.ReadingEnded());
    }
    Do(steps);
  }

  void EndWith(const WorkerError& error) override {
    Steps steps;
    {
      const MutexLock lock(mu_);
      EndLater(ToStatus(error));
      steps = Claim(state_.End());
    }
    Do(steps);
  }

  // In the roll. From Submit until the decision, submitted_ belongs to the writer.

  void CollectKeys(BatchKeys& keys) const override { submitted_.CollectKeys(keys); }

  void Apply(WriteTx& tx, const Moment& now) override {
    heartbeats_recorded_ = submitted_.Record(peer_, registry_->settings()->heartbeat_timeout, tx, now);
  }

  void Finish(const WorkerError* not_durable) override {
    if (not_durable != nullptr) submitted_.Refuse(*not_durable);
    Steps steps;
    {
      const MutexLock lock(mu_);
      steps = Claim(state_.Decided());
    }
    Do(steps);
  }

  void Submit() {
    const Outcome taken = registry_->Submit(*this);
    if (taken.ok()) return;
    if (std::holds_alternative<Overloaded>(taken.error())) return Finish(&taken.error());
    Steps steps;
    {
      const MutexLock lock(mu_);  // the roll takes nothing more: heartbeats that wait here are not recorded
      EndLater(ToStatus(taken.error()));
      steps = Claim(state_.RegistryClosed());
    }
    Do(steps);
  }

  // Answering. Between the first answer and the last, answering_ belongs to the thread that gRPC calls after
  // a write.

  void Write() {
    response_.Clear();
    if (answering_.Describe(next_answer_, response_)) {
      ToProto(registry_->NextInterval(), *response_.mutable_next_interval());
    }
    rpc::Write(response_, reply_);
    grpc::WriteOptions options;
    if (++next_answer_ < answering_.size()) options.set_buffer_hint();
    StartWrite(&reply_, options);
  }

  void OnWriteDone(bool ok) override {
    if (ok && next_answer_ < answering_.size()) return Write();
    answering_.Clear();
    Steps steps;
    {
      const MutexLock lock(mu_);
      if (!ok) EndLater(grpc::Status::CANCELLED);
      steps = Claim(ok ? state_.Written() : state_.WriteFailed());
    }
    Do(steps);
  }

  // The steps.

  /// Call it before the event that ends the stream: the first reason counts.
  void EndLater(grpc::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (state_.TakesIn()) end_ = std::move(status);
  }

  /// Hands on the bursts as the steps require.
  Steps Claim(Steps steps) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (steps.write) {
      std::swap(submitted_, answering_);
      next_answer_ = 0;
    }
    if (steps.submit) {
      submitted_.Clear();
      std::swap(gathering_, submitted_);
      heartbeats_asked_ = static_cast<std::int32_t>(submitted_.size());
    }
    return steps;
  }

  /// Call it without the lock. Once the last step is under way the stream may be deleted, unless gRPC is
  /// calling us. If there is something to read, gRPC is: only the end of a read or of a write allows another
  /// read.
  void Do(Steps steps) {
    if (steps.finish) return FinishOnce();
    if (steps.write) Write();
    if (steps.submit) Submit();
    if (steps.read) StartRead(&received_);
  }

  void FinishOnce() {
    grpc::Status status;
    {
      const MutexLock lock(mu_);
      status = end_;
    }
    ServerBidiReactor::Finish(std::move(status));
  }

  void OnDone() override {
    if (added_) streams_.Remove(*this);
    delete this;
  }

  OpenStreams& streams_;
  const std::string peer_;
  Registry* registry_ = nullptr;
  bool added_ = false;

  grpc::ByteBuffer received_;
  HeartbeatBurst submitted_;
  HeartbeatBurst answering_;
  std::size_t next_answer_ = 0;
  v1::StreamHeartbeatsResponse response_;
  grpc::ByteBuffer reply_;

  Mutex mu_;
  StreamState state_ ABSL_GUARDED_BY(mu_) = StreamState(kStreamWindow);
  HeartbeatBurst gathering_ ABSL_GUARDED_BY(mu_);
  grpc::Status end_ ABSL_GUARDED_BY(mu_);  // why it ends, once it does
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AnswerStreamHeartbeats(
    const Gate& gate, OpenStreams& streams, const grpc::CallbackServerContext& context) {
  auto* stream = new HeartbeatStream(streams, context);
  stream->Begin(gate);
  return stream;
}

}  // namespace muster::rpc
