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
#include "muster/registry.h"
#include "muster/result.h"
#include "registry/gate.h"
#include "rpc/convert.h"
#include "rpc/wire.h"

namespace muster::rpc {

/// Lives until gRPC is done with the call. It must get exactly one Reply or Refuse, from any thread, also if
/// the client is gone. Do not touch it afterwards.
template <typename Request, typename Response>
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  /// Reads the request, then hands the call to `handle(UnaryCall&, Registry&)`, which must have it answered.
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

  /// Frees the response here: gRPC deletes calls on its own thread, which must not spend time on destroying
  /// thousands of workers.
  void Reply() {
    Write(*response_, *reply_);
    arena_.Reset();
    Answer(grpc::Status::OK);
  }
  void Refuse(const WorkerError& error) { Answer(ToStatus(error)); }

  /// The address of the caller.
  std::string Caller() const { return AddressOfPeer(context_->peer()); }

  /// Valid until the call is answered.
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
