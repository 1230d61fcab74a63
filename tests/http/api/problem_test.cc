// Every error has its status, its reason and its members. No error is missing.
#include "http/api/problem.h"

#include <string>
#include <variant>
#include <vector>

#include "tests/catch.h"

namespace muster::http {
namespace {

Request ARequest() {
  Request request;
  request.path = "/workers/w";
  request.request_id = "r-1";
  return request;
}

Json Read(const Response& response) {
  CHECK(response.content_type == "application/problem+json");
  return Json::parse(response.body);
}

std::string HeaderOf(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (SameToken(key, name)) return value;
  }
  return "";
}

TEST_CASE("Every error has the designed document") {
  struct Expected {
    WorkerError error;
    int status;
    std::string reason;
    std::string retry_after;
    Json members;
  };
  const std::vector<Expected> all = {
      {WorkerAlreadyExists{"w"}, 409, "WORKER_ALREADY_EXISTS", "", {{"workerId", "w"}}},
      {WorkerNotFound{"w"}, 404, "WORKER_NOT_FOUND", "", {{"workerId", "w"}}},
      {InvalidArgument{"in_use", "is odd"},
       400,
       "INVALID_ARGUMENT",
       "",
       {{"errors", Json::array({{{"field", "inUse"}, {"reason", "is odd"}}})}}},
      {InvalidWorkerState{"w", "revision 7", "revision 6"},
       409,
       "INVALID_WORKER_STATE",
       "",
       {{"workerId", "w"}, {"actual", "revision 7"}, {"expected", "revision 6"}}},
      {InvalidStateTransition{"w", WorkerStatus::kFailed, WorkerStatus::kActive},
       409,
       "INVALID_STATE_TRANSITION",
       "",
       {{"workerId", "w"}, {"from", "Failed"}, {"to", "Active"}}},
      {InstanceSuperseded{"w", "i"},
       409,
       "INSTANCE_SUPERSEDED",
       "",
       {{"workerId", "w"}, {"instanceId", "i"}}},
      {Overloaded{absl::Milliseconds(1500)}, 429, "OVERLOADED", "2", {{"retryAfter", "1.5s"}}},
      {StoreUnavailable{"no answer", /*in_doubt=*/true},
       503,
       "STORE_UNAVAILABLE",
       "1",
       {{"retryAfter", "1s"}, {"inDoubt", true}}},
      {StoreUnavailable{"no disk"}, 503, "STORE_UNAVAILABLE", "1", {{"retryAfter", "1s"}}},
  };
  REQUIRE(all.size() == std::variant_size_v<WorkerError> + 1);  // one of them occurs in two forms
  const Request request = ARequest();
  for (const Expected& each : all) {
    INFO(each.reason);
    const Response response = Refusal(InJsonNames(each.error), &request);
    CHECK(response.status == each.status);
    CHECK(HeaderOf(response, "Retry-After") == each.retry_after);
    const Json problem = Read(response);
    CHECK(problem["type"] == "urn:muster:problem:" + each.reason);
    CHECK(problem["reason"] == each.reason);
    CHECK(problem["status"] == each.status);
    CHECK_FALSE(problem["title"].get<std::string>().empty());
    CHECK_FALSE(problem["detail"].get<std::string>().empty());
    CHECK(problem["instance"] == "/workers/w");
    CHECK(problem["requestId"] == "r-1");
    for (const auto& [name, value] : each.members.items()) CHECK(problem[name] == value);
    CHECK(problem.size() == 7 + each.members.size());
  }
}

TEST_CASE("Fields have the names that requests use") {
  CHECK(JsonName("worker_id") == "id");
  CHECK(JsonName("expected_status") == "expectedStatus");
  CHECK(JsonName("heartbeats[3].worker_id") == "heartbeats[3].id");
  CHECK(JsonName("heartbeats[3].in_use") == "heartbeats[3].inUse");
  CHECK(JsonName("capabilities[2]") == "capabilities[2]");
  CHECK(JsonName("metadata[rack_no]") == "metadata[rack_no]");
  CHECK(JsonName("page_token") == "pageToken");
  CHECK(JsonName("after_cursor") == "after");
  CHECK(JsonName("pageSize") == "pageSize");
  CHECK(JsonName("If-Match") == "If-Match");
  CHECK(JsonName("").empty());
  CHECK(JsonName("_") == "_");
}

TEST_CASE("The detail uses the same name for the field") {
  const Json problem = ProblemOf(InJsonNames(InvalidArgument{"expected_status", "is odd"}));
  CHECK(problem["detail"] == "expectedStatus: is odd");
}

TEST_CASE("Refusals by HTTP have the same form, also if the request is not known") {
  const Json problem = Read(Refusal(413, "too long", nullptr));
  CHECK(problem["type"] == "about:blank");
  CHECK(problem["title"] == "Content Too Large");
  CHECK(problem["reason"] == "CONTENT_TOO_LARGE");
  CHECK(problem["detail"] == "too long");
  CHECK(problem.count("instance") == 0);
  CHECK(problem.count("requestId") == 0);
}

TEST_CASE("Bytes that are no text do not break the document") {
  Request request = ARequest();
  request.path = "/workers/\xff";
  CHECK(Read(Refusal(404, "\xfe", &request))["instance"] == "/workers/\uFFFD");
}

}  // namespace
}  // namespace muster::http
