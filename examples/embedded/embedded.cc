// Registers a worker, records a heartbeat, and lists the fleet.
//
//     embedded                      in memory: each run begins with an empty registry
//     embedded sqlite:workers.db    in a file: the next run finds the worker, and counts on
#include <iostream>
#include <string>

#include "muster/open_registry.h"

namespace {

int Fail(const std::string& message) {
  std::cerr << message << '\n';
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto opened = muster::OpenRegistry(argc > 1 ? argv[1] : "memory:");
  if (!opened.ok()) return Fail(std::string(opened.status().message()));
  muster::EmbeddedRegistry& registry = **opened;

  muster::RegisterWorkerCommand worker;
  worker.worker_id = "worker-1";
  worker.config.region = "eu-1";
  worker.config.capacity = 4;
  worker.instance_id = "example";  // its own name: to register again is then a retry, not an error
  if (const auto registered = registry.Register(worker); !registered.ok())
    return Fail(muster::MessageOf(registered.error()));

  muster::HeartbeatCommand heartbeat;
  heartbeat.worker_id = worker.worker_id;
  heartbeat.in_use = 1;
  if (const auto recorded = registry.RecordHeartbeat(heartbeat); !recorded.ok())
    return Fail(muster::MessageOf(recorded.error()));

  // The jobs run by themselves; this one is run now, so that the list shows what it does.
  if (const auto run = registry.RunJob(muster::Job::kActivation); !run.ok())
    return Fail(muster::MessageOf(run.error()));

  const auto page = registry.List();
  if (!page.ok()) return Fail(muster::MessageOf(page.error()));
  for (const muster::WorkerView& each : page->workers) {
    std::cout << each.worker->id << ' ' << each.worker->config.region << ' '
              << muster::StatusName(each.worker->status) << ' ' << each.pulse.total << '\n';
  }
  return 0;
}
