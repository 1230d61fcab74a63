// One unary call that is not hot: decoded, let in or refused, answered once.
#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <string>
#include <utility>

#include "muster/check.h"
#include "muster/result.h"
#include "muster/registry.h"
#include "registry/gate.h"
#include "rpc/peer.h"
#include "rpc/status.h"
#include "rpc/wire.h"

namespace muster::rpc {

/// Lives until gRPC is done with the call; must get one of Reply and Refuse, from any thread, also if the
/// client is gone. Precondition of both: it was not answered yet. Nothing may touch it afterwards.
template <typename Request, typename Response>
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  /// Reads the request, then hands the call to `handle(UnaryCall&, Registry&)`, which sees to it that it is
  /// answered.
  template <typename Handle>
  static grpc::ServerUnaryReactor* Begin(const Gate& gate, grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* received, grpc::ByteBuffer* reply,
                                         Handle handle) {
    auto* call = new UnaryCall(context, reply);
    Registry* registry = gate.registry();
    if (registry == nullptr) {
      call->Refuse(gate.Refusal());
    } else if (auto malformed = Read(*received, call->request)) {
      call->Refuse(*std::move(malformed));
    } else {
      handle(*call, *registry);
    }
    return call;
  }

  /// Here is where the response ends: gRPC deletes calls on a thread of its own, which has no time to take
  /// thousands of workers apart.
  void Reply() {
    Write(*response_, *reply_);
    arena_.Reset();
    Answer(grpc::Status::OK);
  }
  void Refuse(const WorkerError& error) { Answer(ToStatus(error)); }

  /// The caller's address.
  std::string Caller() const { return AddressOfPeer(context_->peer()); }

  /// For as long as the call is not answered.
  ReadCaller AsReadCaller() const {
    return {[context = context_] { return context->IsCancelled(); }, absl::FromChrono(context_->deadline())};
  }

  Request request;
  Response& response() { return *response_; }

 private:
  /// A page of workers is some hundred kilobytes.
  static google::protobuf::ArenaOptions Blocks() {
    google::protobuf::ArenaOptions options;
    options.max_block_size = std::size_t{256} << 10;
    return options;
  }
  UnaryCall(grpc::CallbackServerContext* context, grpc::ByteBuffer* reply)
      : context_(context), reply_(reply) {}
  void Answer(grpc::Status status) {
    MUSTER_CHECK(!std::exchange(answered_, true), "a call is answered once");
    Finish(std::move(status));
  }
  void OnDone() override { delete this; }

  bool answered_ = false;
  grpc::CallbackServerContext* context_;
  grpc::ByteBuffer* reply_;
  google::protobuf::Arena arena_{Blocks()};
  Response* response_ = google::protobuf::Arena::CreateMessage<Response>(&arena_);
};

}  // namespace muster::rpc
