// The routes that read the roll.
#pragma once

#include "http/api/call.h"
#include "http/api/routes.h"
#include "muster/registry.h"

namespace muster::http {

void GetWorker(Call call, Registry& registry);
/// The worker with what its heartbeats say of it.
void GetWorkerWithHeartbeats(Call call, Registry& registry);
void ListWorkers(Call call, Registry& registry);
void ListActiveWorkers(Call call, Registry& registry);
void GetLastHeartbeat(Call call, Registry& registry);
void ListHeartbeats(Call call, Registry& registry);
void ListEvents(Call call, Registry& registry);
void GetSummary(Call call, const ServerInfo& server_info);

}  // namespace muster::http
