// Heartbeats over gRPC: HTTP/2 by libnghttp2, and two fields of protobuf by hand. Not a gRPC client: that
// would share the threads of the server that it judges.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "probe/dialog.h"

struct nghttp2_session;

namespace muster::probe {

class GrpcDialog final : public Dialog {
 public:
  /// `authority`: what a client writes for the server, "127.0.0.1:50051".
  explicit GrpcDialog(std::string authority);
  ~GrpcDialog() override;
  GrpcDialog(const GrpcDialog&) = delete;
  GrpcDialog& operator=(const GrpcDialog&) = delete;

  void Ask(std::string_view worker_id, std::string_view instance_id) override;
  std::optional<Answer> Receive(std::string_view bytes) override;
  bool usable() const override;
  bool lost() const override { return lost_; }

 private:
  struct Callbacks;  // what the session calls
  void Send();
  void OnHeader(std::string_view name, std::string_view value);
  void OnStreamClosed(std::uint32_t error);

  const std::string authority_;
  nghttp2_session* session_ = nullptr;
  bool lost_ = false;

  // The call that is under way.
  std::int32_t stream_ = 0;  // 0: none
  std::string body_;
  std::size_t body_sent_ = 0;
  std::string http_status_;
  std::string grpc_status_;
  std::optional<Answer> answer_;
};

}  // namespace muster::probe
