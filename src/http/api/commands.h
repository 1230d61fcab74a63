// The routes that change the roll, heartbeats aside (heartbeats.h). Each hands its command to the roll and
// answers when the roll has finished it.
#pragma once

#include "http/api/call.h"
#include "muster/registry.h"

namespace muster::http {

void RegisterWorker(Call call, Registry& registry);
void UnregisterWorker(Call call, Registry& registry);
void UpdateWorkerStatus(Call call, Registry& registry);
void RunScheduler(Call call, Registry& registry);

}  // namespace muster::http
