// The way to one musterd: a channel, the two services, and a deadline for every call.
//
// Nothing is sent before the first call. Thread-compatible; an Interrupt may cancel the running call from its
// thread.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <type_traits>

#include "absl/time/time.h"
#include "muster/v1/commands.grpc.pb.h"
#include "muster/v1/queries.grpc.pb.h"

namespace muster::ctl {

class Interrupt;

class Connection {
 public:
  /// The interrupt, if any, must outlive the connection.
  Connection(std::string server, absl::Duration timeout, Interrupt* interrupt = nullptr);

  /// One unary call: connection.Call(&v1::WorkerQueries::Stub::GetWorker, request, response).
  template <typename Stub, typename Request, typename Response>
  grpc::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    const Started started(*this, context);
    if constexpr (std::is_same_v<Stub, v1::WorkerCommands::Stub>) {
      return (commands_.get()->*method)(&context, request, &response);
    } else {
      return (queries_.get()->*method)(&context, request, &response);
    }
  }

  /// Waits until the server accepts connections, for at most one timeout.
  bool WaitUntilReachable();

  const std::string& server() const { return server_; }
  absl::Duration timeout() const { return timeout_; }

 private:
  // Gives a call its deadline, and tells the interrupt of it while it runs.
  class Started {
   public:
    Started(Connection& connection, grpc::ClientContext& context);
    ~Started();
    Started(const Started&) = delete;
    Started& operator=(const Started&) = delete;

   private:
    Connection& connection_;
  };

  std::string server_;
  absl::Duration timeout_;
  Interrupt* interrupt_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::WorkerCommands::Stub> commands_;
  std::unique_ptr<v1::WorkerQueries::Stub> queries_;
};

}  // namespace muster::ctl
