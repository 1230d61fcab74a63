// The names of errors and their messages; and docs/errors.md explains every error.
#include "muster/errors.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"

using namespace muster;

namespace {

template <std::size_t... I>
std::vector<WorkerError> OneOfEach(std::index_sequence<I...>) {
  return {WorkerError(std::in_place_index<I>, std::variant_alternative_t<I, WorkerError>{})...};
}

std::vector<WorkerError> OneOfEach() {
  return OneOfEach(std::make_index_sequence<std::variant_size_v<WorkerError>>());
}

}  // namespace

TEST_CASE("reasons are stable: programs compare them") {
  std::vector<std::string> reasons;
  for (const WorkerError& error : OneOfEach()) reasons.emplace_back(ReasonOf(error));
  CHECK(reasons == std::vector<std::string>{"WORKER_ALREADY_EXISTS", "WORKER_NOT_FOUND", "INVALID_ARGUMENT",
                                            "INVALID_WORKER_STATE", "INVALID_STATE_TRANSITION",
                                            "INSTANCE_SUPERSEDED", "OVERLOADED", "STORE_UNAVAILABLE"});
}

TEST_CASE("docs/errors.md has a section for every reason") {
  std::ifstream file(MUSTER_ERRORS_MD);
  REQUIRE(file.is_open());
  std::set<std::string> sections;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("## ", 0) == 0) sections.insert(line.substr(3));
  }
  for (const WorkerError& error : OneOfEach()) {
    INFO(ReasonOf(error));
    CHECK(sections.contains(std::string(ReasonOf(error))));
  }
}

TEST_CASE("messages say what is wrong and what to do") {
  CHECK(MessageOf(WorkerAlreadyExists{"w"}) ==
        "worker \"w\" is registered already: choose another id, or set replace to take this one over");
  CHECK(MessageOf(WorkerNotFound{"w"}) == "worker \"w\" is not on the roll: check the id, or register it");
  CHECK(MessageOf(InvalidArgument{"capacity", "must be more than 0, is 0"}) ==
        "capacity: must be more than 0, is 0");
  CHECK(MessageOf(InvalidWorkerState{"w", "revision 7", "revision 5"}) ==
        "worker \"w\" is at revision 7, not at revision 5 as you expect: read it again, then decide anew");
  CHECK(MessageOf(InvalidStateTransition{"w", WorkerStatus::kPending, WorkerStatus::kOffline}) ==
        "worker \"w\" cannot go from Pending to Offline: from Pending it can be moved to Active or Failed");
  CHECK(MessageOf(InvalidStateTransition{"w", WorkerStatus::kFailed, WorkerStatus::kActive}) ==
        "worker \"w\" is Failed for good: to use the id again, unregister it and register it anew");
  CHECK(MessageOf(InstanceSuperseded{"w", "a"}) ==
        "worker \"w\" is held by another instance than \"a\": stop this process, or register it with replace "
        "to "
        "take the id over");
  CHECK(MessageOf(Overloaded{absl::Milliseconds(50)}) ==
        "too much is waiting, nothing was done: retry after 50ms");
  CHECK(MessageOf(StoreUnavailable{"disk full"}) ==
        "the store is unavailable (disk full), nothing was done: retry with growing pauses");
  CHECK(MessageOf(StoreUnavailable{"it went away", /*in_doubt=*/true}) ==
        "the store is unavailable (it went away), whether it was done is not known: look, or retry, with "
        "growing pauses");
}
