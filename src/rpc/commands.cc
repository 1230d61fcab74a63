#include "rpc/commands.h"

#include <optional>
#include <string>
#include <utility>

#include "muster/commands.h"
#include "rpc/convert.h"
#include "rpc/stream_heartbeats.h"
#include "rpc/unary.h"
#include "rpc/unary_heartbeats.h"

namespace muster::rpc {
namespace {

/// Answers a call whose reply is a worker.
template <typename Call>
auto ReplyWithWorker(Call& call) {
  return [&call](Result<WorkerView> worker) {
    if (!worker.ok()) return call.Refuse(worker.error());
    ToProto(*worker, *call.response().mutable_worker());
    call.Reply();
  };
}

RegisterWorkerCommand CommandFrom(v1::RegisterWorkerRequest& request, std::string caller,
                                  Registry& registry) {
  RegisterWorkerCommand command;
  command.worker_id = std::move(*request.mutable_worker_id());
  command.config.region = std::move(*request.mutable_region());
  command.config.capacity = request.capacity();
  for (std::string& capability : *request.mutable_capabilities()) {
    command.config.capabilities.push_back(std::move(capability));
  }
  for (auto& [key, value] : *request.mutable_metadata())
    command.config.metadata.emplace(key, std::move(value));
  command.instance_id = std::move(*request.mutable_instance_id());
  command.replace = request.replace();
  command.actor = caller;
  command.peer = std::move(caller);
  if (command.instance_id.empty()) command.generated_instance_id = registry.NewInstanceId();
  return command;
}

Result<UpdateWorkerStatusCommand> CommandFrom(v1::UpdateWorkerStatusRequest& request, std::string caller) {
  const auto status = StatusFromProto(request.status(), "status");
  if (!status.ok()) return status.error();
  if (!*status) return InvalidArgument{"status", "is not set: say where to move the worker"};
  const auto expected = StatusFromProto(request.expected_status(), "expected_status");
  if (!expected.ok()) return expected.error();

  UpdateWorkerStatusCommand command;
  command.worker_id = std::move(*request.mutable_worker_id());
  command.status = **status;
  command.expected_status = *expected;
  if (request.has_expected_revision()) command.expected_revision = request.expected_revision();
  command.reason = std::move(*request.mutable_reason());
  command.actor = std::move(caller);
  return command;
}

}  // namespace

CommandsService::CommandsService(const Gate& gate)
    : gate_(gate), streams_(kMaxOpenStreams, kTooManyStreams) {}

grpc::ServerUnaryReactor* CommandsService::RegisterWorker(Context* context, const Bytes* received,
                                                          Bytes* reply) {
  using Call = UnaryCall<v1::RegisterWorkerRequest, v1::RegisterWorkerResponse>;
  return Call::Begin(gate_, context, received, reply, [](Call& call, Registry& registry) {
    RegisterWorkerCommand command = CommandFrom(call.request, call.Caller(), registry);
    std::string id = command.worker_id;
    registry.Execute<WorkerView>(
        std::move(id),
        [command = std::move(command)](WriteTx& tx, const Moment& now) {
          return muster::RegisterWorker(command, tx, now);
        },
        ReplyWithWorker(call));
  });
}

grpc::ServerUnaryReactor* CommandsService::UnregisterWorker(Context* context, const Bytes* received,
                                                            Bytes* reply) {
  using Call = UnaryCall<v1::UnregisterWorkerRequest, v1::UnregisterWorkerResponse>;
  return Call::Begin(gate_, context, received, reply, [](Call& call, Registry& registry) {
    UnregisterWorkerCommand command{call.request.worker_id(), std::nullopt, call.Caller()};
    if (call.request.has_expected_revision()) command.expected_revision = call.request.expected_revision();
    registry.Execute<WorkerView>(
        call.request.worker_id(),
        [command = std::move(command)](WriteTx& tx, const Moment& now) {
          return muster::UnregisterWorker(command, tx, now);
        },
        ReplyWithWorker(call));
  });
}

grpc::ServerUnaryReactor* CommandsService::Heartbeat(Context* context, const Bytes* received, Bytes* reply) {
  return AnswerHeartbeat(gate_, *context, *received, *reply);
}

grpc::ServerUnaryReactor* CommandsService::BatchHeartbeat(Context* context, const Bytes* received,
                                                          Bytes* reply) {
  return AnswerBatchHeartbeat(gate_, *context, *received, *reply);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* CommandsService::StreamHeartbeats(
    Context* context) {
  return AnswerStreamHeartbeats(gate_, streams_, *context);
}

grpc::ServerUnaryReactor* CommandsService::UpdateWorkerStatus(Context* context, const Bytes* received,
                                                              Bytes* reply) {
  using Call = UnaryCall<v1::UpdateWorkerStatusRequest, v1::UpdateWorkerStatusResponse>;
  return Call::Begin(gate_, context, received, reply, [](Call& call, Registry& registry) {
    Result<UpdateWorkerStatusCommand> command = CommandFrom(call.request, call.Caller());
    if (!command.ok()) return call.Refuse(command.error());
    std::string id = command->worker_id;
    registry.Execute<WorkerView>(
        std::move(id),
        [command = *std::move(command)](WriteTx& tx, const Moment& now) {
          return muster::UpdateWorkerStatus(command, tx, now);
        },
        ReplyWithWorker(call));
  });
}

grpc::ServerUnaryReactor* CommandsService::RunScheduler(Context* context, const Bytes* received,
                                                        Bytes* reply) {
  using Call = UnaryCall<v1::RunSchedulerRequest, v1::RunSchedulerResponse>;
  return Call::Begin(gate_, context, received, reply, [](Call& call, Registry& registry) {
    registry.RunAllJobs([&call](Result<SchedulerReport> report) {
      if (!report.ok()) return call.Refuse(report.error());
      ToProto((*report)[0], *call.response().mutable_activation());
      ToProto((*report)[1], *call.response().mutable_stale_detection());
      ToProto((*report)[2], *call.response().mutable_reactivation());
      call.Reply();
    });
  });
}

}  // namespace muster::rpc
