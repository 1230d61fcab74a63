// The way to one musterd: a channel, the two services, and a deadline for every call.
//
// Nothing is sent before the first call. Thread-compatible.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <type_traits>

#include "absl/time/time.h"
#include "muster/v1/commands.grpc.pb.h"
#include "muster/v1/queries.grpc.pb.h"

namespace muster::ctl {

class Connection {
 public:
  Connection(const std::string& server, absl::Duration timeout);

  /// One unary call: connection.Call(&v1::WorkerQueries::Stub::GetWorker, request, response).
  template <typename Stub, typename Request, typename Response>
  grpc::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    SetDeadline(context);
    if constexpr (std::is_same_v<Stub, v1::WorkerCommands::Stub>) {
      return (commands_.get()->*method)(&context, request, &response);
    } else {
      return (queries_.get()->*method)(&context, request, &response);
    }
  }

 private:
  void SetDeadline(grpc::ClientContext& context) const;

  absl::Duration timeout_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::WorkerCommands::Stub> commands_;
  std::unique_ptr<v1::WorkerQueries::Stub> queries_;
};

}  // namespace muster::ctl
