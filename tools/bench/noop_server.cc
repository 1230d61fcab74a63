// The yardstick of the benchmark: the contract's Heartbeat, answered inline by a callback server that does
// nothing. Whatever musterd costs above this is Muster's own; whatever this costs is gRPC's.
//
//     muster_noop_server PORT_FILE      serves on 127.0.0.1, any free port, until SIGTERM

#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "absl/synchronization/mutex.h"
#include "grpcpp/grpcpp.h"
#include "muster/v1/commands.grpc.pb.h"

namespace {

class NoopService final : public muster::v1::WorkerCommands::CallbackService {
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const muster::v1::HeartbeatRequest* /*request*/,
                                      muster::v1::HeartbeatResponse* response) override {
    // As many bytes as a real answer has.
    response->mutable_recorded_at()->set_seconds(1'790'000'000);
    response->mutable_recorded_at()->set_nanos(123'456'000);
    response->set_status(muster::v1::WORKER_STATUS_ACTIVE);
    response->mutable_next_interval()->set_seconds(9);
    response->mutable_next_interval()->set_nanos(876'543'000);
    response->mutable_heartbeat_timeout()->set_seconds(120);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s PORT_FILE\n", argv[0]);
    return 2;
  }
  // Before gRPC starts its threads, so that the signal comes to sigwait below and nowhere else.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  // As musterd does (src/rpc/server.cc): the yardstick gets what is gained by it, too.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  NoopService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::ofstream(argv[1]) << port << '\n';

  int signal = 0;
  sigwait(&stop, &signal);
  server->Shutdown();
  return 0;
}
