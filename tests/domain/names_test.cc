// The names that people and programs read do not change by accident.
#include <string>
#include <vector>

#include "catch.h"
#include "muster/event.h"
#include "muster/sweeps.h"
#include "muster/worker.h"

using namespace muster;

TEST_CASE("every status, event and job has the name that the contract gives it") {
  std::vector<std::string> statuses;
  for (const WorkerStatus status : kAllStatuses) statuses.emplace_back(StatusName(status));
  CHECK(statuses == std::vector<std::string>{"Pending", "Active", "Offline", "Failed"});

  std::vector<std::string> events;
  for (int type = 1; type <= 7; ++type) events.emplace_back(EventTypeName(static_cast<EventType>(type)));
  CHECK(events == std::vector<std::string>{"registered", "replaced", "unregistered", "status-changed",
                                           "region-held", "region-released", "clone-detected"});

  std::vector<std::string> jobs;
  for (const Job job : kAllJobs) jobs.emplace_back(JobName(job));
  CHECK(jobs == std::vector<std::string>{"activation", "stale-detection", "reactivation"});
}
