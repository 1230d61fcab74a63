// The handlers of the routes. The table in routes.cc says which route calls which handler.
#pragma once

#include "http/api/call.h"
#include "http/api/routes.h"
#include "muster/registry.h"

namespace muster::http {

// Change the roll (commands.cc). Each passes its command to the roll, and answers when the command is
// finished.
void RegisterWorker(Call call, Registry& registry);
void UnregisterWorker(Call call, Registry& registry);
void UpdateWorkerStatus(Call call, Registry& registry);
void RunScheduler(Call call, Registry& registry);

// Record heartbeats (heartbeats.cc): the hot path of this interface.
/// One heartbeat. The call itself is the command.
void Heartbeat(Call call, Registry& registry);
/// Many heartbeats as one command, with a result for each.
void BatchHeartbeat(Call call, Registry& registry);

// Read the roll (queries.cc).
void GetWorker(Call call, Registry& registry);
/// The worker, with a summary of its heartbeats.
void GetWorkerWithHeartbeats(Call call, Registry& registry);
void ListWorkers(Call call, Registry& registry);
void ListActiveWorkers(Call call, Registry& registry);
void GetLastHeartbeat(Call call, Registry& registry);
void ListHeartbeats(Call call, Registry& registry);
void ListEvents(Call call, Registry& registry);
void GetSummary(Call call, const ServerInfo& server_info);

}  // namespace muster::http
