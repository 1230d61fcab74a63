// The routes that change the roll, heartbeats aside (heartbeats.h). Each hands its command to the roll and
// answers when the roll has finished it.
#pragma once

#include "http/api/call.h"
#include "muster/roll.h"

namespace muster::http {

void RegisterWorker(Call call, Roll& roll);
void UnregisterWorker(Call call, Roll& roll);
void UpdateWorkerStatus(Call call, Roll& roll);
void RunScheduler(Call call, Roll& roll);

}  // namespace muster::http
