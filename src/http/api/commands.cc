#include "muster/commands.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "domain/text.h"
#include "http/api/entity_tags.h"
#include "http/api/handlers.h"
#include "http/api/render.h"
#include "muster/queries.h"

namespace muster::http {
namespace {

struct Registered {
  WorkerView worker;
  bool anew = false;  // the id was free
};

Result<RegisterWorkerCommand> RegistrationFrom(const Call& call, Registry& registry) {
  ObjectReader body(call.body);
  RegisterWorkerCommand command;
  command.worker_id = body.Text("id");
  command.config.region = body.Text("region");
  command.config.capacity = body.Int32("capacity").value_or(0);
  command.config.capabilities = body.Texts("capabilities");
  command.config.metadata = body.TextMap("metadata");
  command.instance_id = body.Text("instanceId");
  command.replace = body.Flag("replace");
  if (FieldError wrong = body.Wrong()) return *std::move(wrong);
  command.actor = call.request().peer;
  command.peer = call.request().peer;
  if (command.instance_id.empty()) command.generated_instance_id = registry.NewInstanceId();
  return command;
}

Result<UpdateWorkerStatusCommand> UpdateFrom(const Call& call) {
  ObjectReader body(call.body);
  const std::optional<WorkerStatus> status = body.Status("status");
  UpdateWorkerStatusCommand command;
  command.worker_id = call.id;
  command.expected_status = body.Status("expectedStatus");
  command.expected_revision = body.Int64("expectedRevision");
  command.reason = body.Text("reason");
  command.actor = call.request().peer;
  if (FieldError wrong = body.Wrong()) return *std::move(wrong);
  if (!status) return InvalidArgument{"status", "is not set: say where to move the worker"};
  command.status = *status;
  return command;
}

/// A change that If-Match may forbid.
using Change = absl::AnyInvocable<Result<WorkerView>(WriteTx&, const Moment&)>;
/// Unset if the precondition did not hold.
using Changed = std::optional<WorkerView>;

/// Makes the change if the precondition holds; otherwise answers 412. The same state of the worker decides
/// both.
void ChangeIf(Precondition condition, Call call, Registry& registry, Change change,
              void (*reply)(Call& call, const WorkerView&)) {
  std::string id = call.id;
  std::string same_id = id;
  registry.Execute<Changed>(
      std::move(id),
      [id = std::move(same_id), condition = std::move(condition), change = std::move(change)](
          WriteTx& tx, const Moment& now) mutable -> Result<Changed> {
        if (condition.asked) {
          const Result<WorkerView> found = muster::GetWorker(tx, id);
          if (!found.ok()) return found.error();
          if (!condition.Holds(*found->worker)) return Changed();
        }
        Result<WorkerView> changed = change(tx, now);
        if (!changed.ok()) return changed.error();
        return Changed(*std::move(changed));
      },
      [call = std::move(call), reply](Result<Changed> changed) mutable {
        if (!changed.ok()) return call.Refuse(changed.error());
        if (*changed) return reply(call, **changed);
        call.Send(
            Refusal(412,
                    Concat({"worker \"", call.id,
                            "\" has another revision than If-Match expects, nothing was done: read it again, "
                            "then decide anew"}),
                    &call.request()));
      });
}

}  // namespace

void RegisterWorker(Call call, Registry& registry) {
  Result<RegisterWorkerCommand> command = RegistrationFrom(call, registry);
  if (!command.ok()) return call.Reject(command.error());
  std::string id = command->worker_id;
  registry.Execute<Registered>(
      std::move(id),
      [command = *std::move(command)](WriteTx& tx, const Moment& now) -> Result<Registered> {
        const Result<WorkerView> before = muster::GetWorker(tx, command.worker_id);
        Result<WorkerView> worker = muster::RegisterWorker(command, tx, now);
        if (!worker.ok()) return worker.error();
        return Registered{*std::move(worker), !before.ok()};
      },
      [call = std::move(call)](Result<Registered> registered) mutable {
        if (!registered.ok()) return call.Refuse(registered.error());
        const Worker& worker = *registered->worker.worker;
        call.Reply(registered->anew ? 201 : 200, Render(registered->worker),
                   {{"Location", Concat({"/workers/", worker.id})}, {"ETag", TagOf(worker)}});
      });
}

void UnregisterWorker(Call call, Registry& registry) {
  Result<Precondition> condition = Precondition::Of(call.request());
  if (!condition.ok()) return call.Reject(condition.error());
  UnregisterWorkerCommand command{call.id, std::nullopt, call.request().peer};
  ChangeIf(
      *std::move(condition), std::move(call), registry,
      [command = std::move(command)](WriteTx& tx, const Moment& now) {
        return muster::UnregisterWorker(command, tx, now);
      },
      [](Call& answered, const WorkerView&) {
        answered.Send({204, "", "", {}});
      });
}

void UpdateWorkerStatus(Call call, Registry& registry) {
  Result<UpdateWorkerStatusCommand> command = UpdateFrom(call);
  if (!command.ok()) return call.Reject(command.error());
  Result<Precondition> condition = Precondition::Of(call.request());
  if (!condition.ok()) return call.Reject(condition.error());
  ChangeIf(
      *std::move(condition), std::move(call), registry,
      [command = *std::move(command)](WriteTx& tx, const Moment& now) {
        return muster::UpdateWorkerStatus(command, tx, now);
      },
      [](Call& answered, const WorkerView& worker) {
        answered.Reply(200, Render(worker), {{"ETag", TagOf(*worker.worker)}});
      });
}

void RunScheduler(Call call, Registry& registry) {
  if (FieldError wrong = ObjectReader(call.body).Wrong()) return call.Reject(*wrong);
  registry.RunAllJobs([call = std::move(call)](Result<SchedulerReport> report) mutable {
    if (!report.ok()) return call.Refuse(report.error());
    call.Reply({{"activation", Render((*report)[0])},
                {"staleDetection", Render((*report)[1])},
                {"reactivation", Render((*report)[2])}});
  });
}

}  // namespace muster::http
