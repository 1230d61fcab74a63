#include "rpc/server.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "muster/check.h"
#include "runtime/log.h"

namespace muster::rpc {
namespace {

constexpr int kHandshakeMillis = 20'000;

/// gRPC's own messages go to our log, mostly at debug level: most of them are about one connection. What it
/// calls an error any client can cause as often as it likes (a compression that is not known, a bad frame).
void LogForGrpc(gpr_log_func_args* line) {
  constexpr LogLimit kTight = {/*burst=*/20, /*interval=*/absl::Seconds(1)};
  const bool error = line->severity == GPR_LOG_SEVERITY_ERROR;
  Log(error ? LogLevel::kWarning : LogLevel::kDebug, "grpc", {{"says", line->message}},
      error ? kTight : LogLimit());
}

/// gRPC keeps these settings for the whole process, and they must be set before a server is built.
void PrepareGrpc() {
  // The distribution's Abseil looks for deadlocks at every use of a mutex, under one lock for the whole
  // process; gRPC makes a few mutexes for each call.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  gpr_set_log_function(LogForGrpc);
  // A client that sends text that is not UTF-8 gets an answer that says so; it must not fill our log.
  google::protobuf::SetLogHandler(nullptr);
  grpc::EnableDefaultHealthCheckService(false);  // we have our own
  // Called here, not left to a static initializer, which a static link would drop.
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
}

absl::Duration ProbeInterval(const ServerOptions& options) {
  return std::clamp(options.heartbeat_timeout / 3, absl::Seconds(1), absl::Seconds(30));
}

absl::Duration ProbeAnswer(const ServerOptions& options) {
  return std::max(ProbeInterval(options), absl::Seconds(10));
}

/// What gRPC sets on the sockets that it listens with, and accepted ones inherit: bytes that a dead client
/// does not acknowledge end the connection after the same time as a probe without an answer.
void SetTimeout(const net::Listener& listener, absl::Duration timeout) {
  if (!listener.address().unix_path.empty()) return;
  const auto millis = static_cast<unsigned>(absl::ToInt64Milliseconds(timeout));
  for (const net::Descriptor& each : listener.sockets()) {
    (void)::setsockopt(each.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &millis, sizeof millis);
  }
}

void SetLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  // The window of a stream stays at HTTP/2's 64 KiB. Else gRPC widens it to what the connection could carry,
  // up to many MiB. A client whose stream is not read could fill that with as many streams as it likes.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  // A dead connection is noticed within one heartbeat timeout, or ten seconds: a gRPC client without a call
  // in flight looks at its socket, and answers a probe, only every five seconds. Clients may probe too,
  // within limits.
  const absl::Duration probe = ProbeInterval(options);
  const absl::Duration answer = ProbeAnswer(options);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(absl::ToInt64Milliseconds(probe)));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             static_cast<int>(absl::ToInt64Milliseconds(answer)));
  // A connection on which nobody speaks HTTP/2 is closed; gRPC would wait for two minutes.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMillis);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
}

/// On this machine, with the version of gRPC that is loaded, not the one that we were compiled for.
int HowManyPollersToHold() {
  const std::string version = grpc::Version();
  if (!PollersAreKnown(version)) {
    Log(LogLevel::kInfo, "all pollers are left to gRPC: it was not tried to hold any in this version",
        {{"grpc", version}});
    return 0;
  }
  const auto cores = static_cast<int>(sysconf(_SC_NPROCESSORS_CONF));
  const auto usable = static_cast<int>(std::thread::hardware_concurrency());
  return PollersToHold(cores, usable);
}

}  // namespace

RpcServer::RpcServer(const ServerOptions& options, const Clock& clock, Executor& executor)
    : clock_(clock),
      health_(gate_, clock, executor),
      commands_(gate_),
      queries_(gate_, options.version),
      address_(options.address) {}

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Listen(const ServerOptions& options, const Clock& clock,
                                                             Executor& executor) {
  PrepareGrpc();
  std::unique_ptr<RpcServer> server(new RpcServer(options, clock, executor));
  auto listener = net::Listener::Open(options.address);
  if (!listener.ok()) return listener.status();
  SetTimeout(*listener, ProbeAnswer(options));
  server->address_ = listener->address();
  grpc::ServerBuilder builder;
  SetLimits(options, builder);
  // gRPC's own listener stops for good when it cannot accept, for want of files for instance. So we accept.
  auto connections = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      grpc::InsecureServerCredentials());
  builder.RegisterService(&server->commands_);
  builder.RegisterService(&server->queries_);
  builder.RegisterService(&server->health_);
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) return absl::UnavailableError("gRPC does not start; its log says why");
  auto acceptor = net::AcceptorThread::Start(
      *std::move(listener),
      net::Acceptor::Options{Interface::kGrpc, options.connections, options.local_connections}, clock,
      [connections = std::move(connections)](int socket) {
        grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
        connection.fd = socket;
        connections->HandleNewConnection(&connection);
      });
  if (!acceptor.ok()) return acceptor.status();
  server->acceptor_ = *std::move(acceptor);
  return server;
}

RpcServer::~RpcServer() {
  Drain();
  if (acceptor_ != nullptr) Shutdown(absl::ZeroDuration());
}

void RpcServer::Serve(Registry& registry) {
  MUSTER_CHECK(poller_hold_ == nullptr, "a server serves one roll");
  gate_.Open(registry);
  health_.Follow();
  poller_hold_ = std::make_unique<PollerHold>(InProcessChannel(), HowManyPollersToHold());
}

void RpcServer::Drain() {
  gate_.Close();
  commands_.Drain();
  health_.Stop();
}

void RpcServer::Shutdown(absl::Duration grace) {
  poller_hold_.reset();
  // First: a server that shuts down leaves a connection that it is handed open.
  acceptor_->Stop();
  server_->Shutdown(absl::ToChronoTime(clock_.WallNow() + grace));
}

std::shared_ptr<grpc::Channel> RpcServer::InProcessChannel() {
  return server_->InProcessChannel({});
}

}  // namespace muster::rpc
