// Registrations from a file: JSON or YAML, one worker or a list of them.
//
//     {"id": "worker-1", "region": "us-east-1", "capacity": 10,
//      "capabilities": ["compute", "storage"], "metadata": {"datacenter": "dc-1"}}
//
// Also "instanceId" and "replace". What `workerctl get -o json` adds to that is passed over, so that a roll
// that was listed can be registered again; any other key is an error.
#pragma once

#include <string>
#include <vector>

#include "muster/v1/commands.pb.h"

namespace muster::ctl {

/// In the order of the file. Throws CLI::ValidationError that says which worker and which key. `name` is for
/// the message.
std::vector<v1::RegisterWorkerRequest> ReadRegistrations(const std::string& text, const std::string& name);

}  // namespace muster::ctl
