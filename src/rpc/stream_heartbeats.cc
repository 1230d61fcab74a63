#include "rpc/stream_heartbeats.h"

#include <grpcpp/server_context.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "muster/roll.h"
#include "muster/v1/commands.pb.h"
#include "rpc/convert.h"
#include "rpc/heartbeat_burst.h"
#include "rpc/heartbeat_wire.h"
#include "rpc/peer.h"
#include "rpc/status.h"
#include "rpc/wire.h"
#include "runtime/mutex.h"

namespace muster::rpc {
namespace {

/// Three at most work on a stream at once: a thread of gRPC that reads, the writer, and a thread of gRPC that
/// writes answers. Each changes the state under the lock, learns there what is to be done next, and does that
/// without the lock. Every such step is told to one thread only.
class HeartbeatStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                              private Command,
                              private OpenStreams::Stream {
 public:
  HeartbeatStream(OpenStreams& streams, const grpc::CallbackServerContext& context)
      : streams_(streams), peer_(AddressOfPeer(context.peer())) {}

  void Begin(const Gate& gate) {
    roll_ = gate.roll();
    if (roll_ == nullptr) return ServerBidiReactor::Finish(ToStatus(gate.Refusal()));
    const Outcome added = streams_.Add(*this);
    if (!added.ok()) return ServerBidiReactor::Finish(ToStatus(added.error()));
    added_ = true;
    StartRead(&received_);
  }

 private:
  enum class InRoll { kNothing, kQueued, kDecided };

  /// What is to be done next.
  struct Steps {
    bool read = false;
    bool write = false;
    bool submit = false;
    bool finish = false;
  };

  // Reading.

  void OnReadDone(bool ok) override {
    if (!ok) return StopReading(grpc::Status::OK);  // half-closed, or gone: then nobody hears it
    const grpc::Slice bytes = BytesOf(received_);
    received_.Clear();
    const std::optional<HeartbeatCommand> heartbeat = ReadStreamed(View(bytes));
    if (!heartbeat) {
      return StopReading(ToStatus(Malformed(*v1::StreamHeartbeatsRequest::descriptor(), View(bytes))));
    }
    Steps steps;
    {
      const MutexLock lock(mu_);
      reading_ = false;
      if (!end_) {
        gathering_.Add(*heartbeat);
        ++unanswered_;
      }
      steps = Next();
    }
    Do(steps);
  }

  void StopReading(grpc::Status end) {
    Steps steps;
    {
      const MutexLock lock(mu_);
      reading_ = false;
      EndLater(std::move(end));
      steps = Next();
    }
    Do(steps);
  }

  void EndWith(const WorkerError& error) override {
    Steps steps;
    {
      const MutexLock lock(mu_);
      EndLater(ToStatus(error));
      steps = Next();
    }
    Do(steps);
  }

  // In the roll. From its submission until it is decided, in_roll_ belongs to the writer.

  void Foresee(Foresight& foresight) const override { in_roll_.Foresee(foresight); }

  void Apply(WriteTx& tx, const Moment& now) override {
    heartbeats_recorded_ = in_roll_.Record(peer_, roll_->settings()->heartbeat_timeout, tx, now);
  }

  void Finish(const WorkerError* not_durable) override {
    if (not_durable != nullptr) in_roll_.Refuse(*not_durable);
    Steps steps;
    {
      const MutexLock lock(mu_);
      alone_ = in_roll_.size() == 1 && gathering_.empty() ? alone_ + 1 : 0;
      progress_ = InRoll::kDecided;
      steps = Next();
    }
    Do(steps);
  }

  void Submit() {
    const Outcome taken = roll_->Submit(*this);
    if (taken.ok()) return;
    if (std::holds_alternative<Overloaded>(taken.error())) return Finish(&taken.error());
    Steps steps;
    {
      const MutexLock lock(mu_);  // the roll takes nothing more: what waits here is not recorded
      EndLater(ToStatus(taken.error()));
      Forget(in_roll_);
      Forget(gathering_);
      progress_ = InRoll::kNothing;
      steps = Next();
    }
    Do(steps);
  }

  // Answering. Between the first answer and the last, answering_ belongs to whom gRPC tells of a write.

  void Write() {
    response_.Clear();
    if (answering_.Describe(next_answer_, response_)) {
      ToProto(roll_->NextInterval(), *response_.mutable_next_interval());
    }
    rpc::Write(response_, reply_);
    grpc::WriteOptions options;
    if (++next_answer_ < answering_.size()) options.set_buffer_hint();
    StartWrite(&reply_, options);
  }

  void OnWriteDone(bool ok) override {
    if (ok && next_answer_ < answering_.size()) return Write();
    Steps steps;
    {
      const MutexLock lock(mu_);
      if (!ok) {
        broken_ = true;
        EndLater(grpc::Status::CANCELLED);
      }
      Forget(answering_);
      writing_ = false;
      ChooseWindow();
      steps = Next();
    }
    Do(steps);
  }

  // The state.

  void EndLater(grpc::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (!end_) end_ = std::move(status);
  }

  void Forget(HeartbeatBurst& burst) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    unanswered_ -= burst.size();
    burst.Clear();
  }

  /// Of a client that waits for each answer, as far as one can tell, the next heartbeat is read after the
  /// answer: a read that finds nothing makes gRPC send a WINDOW_UPDATE at once, with a system call of its
  /// own, which the answer would have taken along. Now and then it is tried whether more would come.
  void ChooseWindow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    constexpr unsigned kSure = 4;
    constexpr unsigned kTryEvery = 8;
    window_ = alone_ < kSure || alone_ % kTryEvery == 0 ? kStreamWindow : 1;
  }

  /// What the state allows, and claims it for the caller.
  Steps Next() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    Steps steps;
    if (progress_ == InRoll::kDecided && !writing_) {
      progress_ = InRoll::kNothing;
      std::swap(in_roll_, answering_);
      next_answer_ = 0;
      if (broken_) {
        Forget(answering_);
      } else {
        steps.write = writing_ = true;
      }
    }
    if (progress_ == InRoll::kNothing && !gathering_.empty()) {
      progress_ = InRoll::kQueued;
      std::swap(gathering_, in_roll_);
      heartbeats_asked_ = static_cast<std::int32_t>(in_roll_.size());
      steps.submit = true;
    }
    if (!reading_ && !end_ && unanswered_ < window_) steps.read = reading_ = true;
    if (end_ && !finished_ && progress_ == InRoll::kNothing && !writing_) steps.finish = finished_ = true;
    return steps;
  }

  /// Without the lock. Once the last step is under way the stream may be gone, unless gRPC called us; which
  /// is so whenever there is something to read, because only a read or a write that is done makes room for
  /// it.
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
      status = *end_;
    }
    ServerBidiReactor::Finish(std::move(status));
  }

  void OnDone() override {
    if (added_) streams_.Remove(*this);
    delete this;
  }

  OpenStreams& streams_;
  const std::string peer_;
  Roll* roll_ = nullptr;
  bool added_ = false;

  grpc::ByteBuffer received_;
  HeartbeatBurst in_roll_;
  HeartbeatBurst answering_;
  std::size_t next_answer_ = 0;
  v1::StreamHeartbeatsResponse response_;
  grpc::ByteBuffer reply_;

  Mutex mu_;
  HeartbeatBurst gathering_ ABSL_GUARDED_BY(mu_);
  std::size_t unanswered_ ABSL_GUARDED_BY(mu_) = 0;  // in all three bursts
  InRoll progress_ ABSL_GUARDED_BY(mu_) = InRoll::kNothing;
  std::size_t window_ ABSL_GUARDED_BY(mu_) = kStreamWindow;  // so many may be unanswered, to read another
  unsigned alone_ ABSL_GUARDED_BY(mu_) = 0;  // so many bursts of one heartbeat, while which nothing else came
  bool reading_ ABSL_GUARDED_BY(mu_) = true;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool broken_ ABSL_GUARDED_BY(mu_) = false;              // nobody reads answers any more
  std::optional<grpc::Status> end_ ABSL_GUARDED_BY(mu_);  // nothing more is taken in; so it will finish
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AnswerStreamHeartbeats(
    const Gate& gate, OpenStreams& streams, const grpc::CallbackServerContext& context) {
  auto* stream = new HeartbeatStream(streams, context);
  stream->Begin(gate);
  return stream;
}

}  // namespace muster::rpc
