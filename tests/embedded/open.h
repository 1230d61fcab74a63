// An embedded registry for a test, and what is sent to it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "muster/commands.h"
#include "muster/open_registry.h"
#include "muster/worker.h"
#include "tests/catch.h"

namespace muster::testing {

inline std::unique_ptr<EmbeddedRegistry> Open(std::string_view spec, RegistryOptions options = {}) {
  options.log = RegistryLog::kErrors;
  auto opened = OpenRegistry(spec, options);
  REQUIRE(opened.ok());
  return *std::move(opened);
}

inline RegisterWorkerCommand NewWorker(std::string id) {
  RegisterWorkerCommand command;
  command.worker_id = std::move(id);
  command.config.region = "eu";
  command.config.capacity = 2;
  return command;
}

inline HeartbeatCommand BeatOf(std::string_view id) {
  HeartbeatCommand heartbeat;
  heartbeat.worker_id = id;
  return heartbeat;
}

inline WorkerStatus StatusOf(const EmbeddedRegistry& registry, std::string_view id) {
  const Result<WorkerView> found = registry.Get(id);
  REQUIRE(found.ok());
  return found->worker->status;
}

}  // namespace muster::testing
