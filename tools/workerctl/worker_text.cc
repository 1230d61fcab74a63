#include "workerctl/worker_text.h"

#include <map>

#include "absl/strings/str_join.h"
#include "workerctl/wording.h"

namespace muster::ctl {

std::string MetadataText(const v1::Worker& worker) {
  const std::map<std::string, std::string> ordered(worker.metadata().begin(), worker.metadata().end());
  return absl::StrJoin(ordered, ",", absl::PairFormatter("="));
}

std::string LastHeartbeatAge(const v1::Worker& worker, absl::Time now) {
  return worker.has_last_heartbeat_at() ? AgeText(TimeOf(worker.last_heartbeat_at()), now) : "never";
}

}  // namespace muster::ctl
