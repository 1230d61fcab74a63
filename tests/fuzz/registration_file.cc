// Files of registrations, JSON and YAML: they are refused with a reason, or the workers in them, printed as
// workerctl prints them, are read again as the same.
#include "workerctl/registration_file.h"

#include <google/protobuf/util/message_differencer.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/check.h"
#include "muster/v1/commands.pb.h"
#include "workerctl/document.h"

namespace muster::ctl {
namespace {

v1::Worker WorkerOf(const v1::RegisterWorkerRequest& request) {
  v1::Worker worker;
  worker.set_id(request.worker_id());
  worker.set_region(request.region());
  worker.set_capacity(request.capacity());
  *worker.mutable_capabilities() = request.capabilities();
  *worker.mutable_metadata() = request.metadata();
  worker.set_instance_id(request.instance_id());
  worker.set_status(v1::WORKER_STATUS_ACTIVE);
  return worker;
}

void CheckReadAgain(const std::vector<v1::RegisterWorkerRequest>& requests, const std::string& printed) {
  const auto again = ReadRegistrations(printed, "again");
  MUSTER_CHECK(again.size() == requests.size(), "what is printed has the same workers");
  for (std::size_t i = 0; i < again.size(); ++i) {
    v1::RegisterWorkerRequest expected = requests[i];
    expected.clear_replace();
    MUSTER_CHECK(google::protobuf::util::MessageDifferencer::Equals(again[i], expected),
                 "a worker that is printed is the same when it is read");
  }
}

}  // namespace
}  // namespace muster::ctl

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::ctl;
  std::vector<muster::v1::RegisterWorkerRequest> requests;
  try {
    requests = ReadRegistrations(std::string(reinterpret_cast<const char*>(data), size), "the file");
  } catch (const CLI::ValidationError& error) {
    MUSTER_CHECK(std::string_view(error.what()).starts_with("the file"), "a refusal names the file");
    return 0;
  }
  Json list = Json::array();
  for (const auto& request : requests) {
    MUSTER_CHECK(!request.worker_id().empty(), "every worker has an id");
    list.push_back(DocumentOf(WorkerOf(request)));
  }
  CheckReadAgain(requests, PrettyJson(list));
  CheckReadAgain(requests, CompactJson(list));
  CheckReadAgain(requests, Yaml(list));
  return 0;
}
