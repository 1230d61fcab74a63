// The routes that read the roll.
#pragma once

#include "http/api/call.h"
#include "http/api/routes.h"
#include "muster/roll.h"

namespace muster::http {

void GetWorker(Call call, Roll& roll);
/// The worker with what its heartbeats say of it.
void GetWorkerWithHeartbeats(Call call, Roll& roll);
void ListWorkers(Call call, Roll& roll);
void ListActiveWorkers(Call call, Roll& roll);
void GetLastHeartbeat(Call call, Roll& roll);
void ListHeartbeats(Call call, Roll& roll);
void ListEvents(Call call, Roll& roll);
void GetSummary(Call call, const Site& site);

}  // namespace muster::http
