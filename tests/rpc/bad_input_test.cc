// Bad input of every kind, to every call: the specified error, naming the field, and nothing has changed.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "harness.h"

namespace muster::rpc {
namespace {

constexpr char kCommands[] = "/muster.v1.WorkerCommands/";
constexpr char kQueries[] = "/muster.v1.WorkerQueries/";

struct Case {
  std::string method;
  std::string bytes;
  std::string field;
};

template <typename Message, typename Fill>
std::string Bytes(Fill fill) {
  Message message;
  fill(message);
  return message.SerializeAsString();
}

void Check(Harness& harness, const std::vector<Case>& cases) {
  harness.Register("w1");
  REQUIRE(harness.Beat("w1").ok());
  const std::string before = harness.Everything();
  for (const Case& each : cases) {
    INFO(each.method << " " << each.field);
    const Refusal refusal = Refusal::Of(harness.CallRaw(each.method, each.bytes));
    CHECK(refusal.code == grpc::StatusCode::INVALID_ARGUMENT);
    CHECK(refusal.info.reason() == "INVALID_ARGUMENT");
    CHECK(refusal.field() == each.field);
    CHECK_FALSE(refusal.bad_request.field_violations(0).description().empty());
    CHECK(refusal.message.find(each.field) == 0);
  }
  CHECK(harness.Everything() == before);
}

const std::vector<std::string> kBadIds = {
    "", "no spaces", ".dot", "active", "tab\t", std::string("nul\0", 4), std::string(129, 'x'), "ü"};

TEST_CASE("Ids that are invalid, in every call that takes one") {
  std::vector<Case> cases;
  for (const std::string& id : kBadIds) {
    const auto with_id = [&id](auto& message) { message.set_worker_id(id); };
    const std::string only_id = Bytes<v1::HeartbeatRequest>(with_id);  // field 1 in each of these
    for (const char* method : {"UnregisterWorker", "Heartbeat"}) {
      cases.push_back({absl::StrCat(kCommands, method), only_id, "worker_id"});
    }
    for (const char* method : {"GetWorker", "GetLastHeartbeat", "ListHeartbeats"}) {
      cases.push_back({absl::StrCat(kQueries, method), only_id, "worker_id"});
    }
    cases.push_back({absl::StrCat(kCommands, "RegisterWorker"),
                     Bytes<v1::RegisterWorkerRequest>([&](auto& message) { message = Registration(id); }),
                     "worker_id"});
    cases.push_back({absl::StrCat(kCommands, "UpdateWorkerStatus"),
                     Bytes<v1::UpdateWorkerStatusRequest>([&](auto& message) {
                       message.set_worker_id(id);
                       message.set_status(v1::WORKER_STATUS_ACTIVE);
                     }),
                     "worker_id"});
  }
  Harness harness;
  Check(harness, cases);
}

TEST_CASE("Registrations that break a rule") {
  const auto registration = [](auto change) {
    return Bytes<v1::RegisterWorkerRequest>([&](auto& message) {
      message = Registration("new");
      change(message);
    });
  };
  const std::string method = absl::StrCat(kCommands, "RegisterWorker");
  Harness harness;
  Check(
      harness,
      {
          {method, registration([](auto& m) { m.clear_region(); }), "region"},
          {method, registration([](auto& m) { m.set_region(std::string(65, 'r')); }), "region"},
          {method, registration([](auto& m) { m.set_region("e\nu"); }), "region"},
          {method, registration([](auto& m) { m.set_capacity(0); }), "capacity"},
          {method, registration([](auto& m) { m.set_capacity(-7); }), "capacity"},
          {method, registration([](auto& m) {
             m.add_capabilities("gpu");
             m.add_capabilities("cpu");
             m.add_capabilities("gpu");
           }),
           "capabilities[2]"},
          {method, registration([](auto& m) { m.add_capabilities(""); }), "capabilities[0]"},
          {method, registration([](auto& m) { m.add_capabilities(std::string(65, 'c')); }),
           "capabilities[0]"},
          {method, registration([](auto& m) {
             for (int i = 0; i < 65; ++i) m.add_capabilities(absl::StrCat("c", i));
           }),
           "capabilities"},
          {method, registration([](auto& m) { (*m.mutable_metadata())["k"] = std::string(17 * 1024, 'v'); }),
           "metadata"},
          {method, registration([](auto& m) {
             for (int i = 0; i < 65; ++i) (*m.mutable_metadata())[absl::StrCat("k", i)] = "v";
           }),
           "metadata"},
          {method, registration([](auto& m) { m.set_instance_id("not an id"); }), "instance_id"},
          {method, registration([](auto& m) { m.set_instance_id(std::string(129, 'i')); }), "instance_id"},
      });
}

TEST_CASE("Heartbeats and batches that break a rule") {
  const std::string heartbeat = absl::StrCat(kCommands, "Heartbeat");
  const std::string batch = absl::StrCat(kCommands, "BatchHeartbeat");
  Harness harness;
  Check(harness, {
                     {heartbeat, Bytes<v1::HeartbeatRequest>([](auto& m) {
                        m.set_worker_id("w1");
                        m.set_in_use(-1);
                      }),
                      "in_use"},
                     {heartbeat, Bytes<v1::HeartbeatRequest>([](auto& m) {
                        m.set_worker_id("w1");
                        m.set_instance_id("not an id");
                      }),
                      "instance_id"},
                     {batch, "", "heartbeats"},
                     {batch, Bytes<v1::BatchHeartbeatRequest>([](auto& m) {
                        for (int i = 0; i < 1001; ++i) m.add_heartbeats()->set_worker_id("w1");
                      }),
                      "heartbeats"},
                 });
}

TEST_CASE("Numbers that are in no enum") {
  const auto update = [](int status, int expected) {
    return Bytes<v1::UpdateWorkerStatusRequest>([&](auto& m) {
      m.set_worker_id("w1");
      m.set_status(static_cast<v1::WorkerStatus>(status));
      m.set_expected_status(static_cast<v1::WorkerStatus>(expected));
    });
  };
  Harness harness;
  Check(harness, {
                     {absl::StrCat(kCommands, "UpdateWorkerStatus"), update(9, 1), "status"},
                     {absl::StrCat(kCommands, "UpdateWorkerStatus"), update(0, 1), "status"},
                     {absl::StrCat(kCommands, "UpdateWorkerStatus"), update(-1, 1), "status"},
                     {absl::StrCat(kCommands, "UpdateWorkerStatus"), update(2, 9), "expected_status"},
                     {absl::StrCat(kQueries, "GetWorker"), Bytes<v1::GetWorkerRequest>([](auto& m) {
                        m.set_worker_id("w1");
                        m.set_view(static_cast<v1::WorkerView>(3));
                      }),
                      "view"},
                     {absl::StrCat(kQueries, "ListWorkers"), Bytes<v1::ListWorkersRequest>([](auto& m) {
                        m.set_view(static_cast<v1::WorkerView>(-3));
                      }),
                      "view"},
                     {absl::StrCat(kQueries, "ListWorkers"), Bytes<v1::ListWorkersRequest>([](auto& m) {
                        m.add_statuses(v1::WORKER_STATUS_ACTIVE);
                        m.add_statuses(static_cast<v1::WorkerStatus>(5));
                      }),
                      "statuses[1]"},
                 });
}

TEST_CASE("A reason that is too long, or is not text") {
  const auto update = [](const std::string& reason) {
    return Bytes<v1::UpdateWorkerStatusRequest>([&](auto& m) {
      m.set_worker_id("w1");
      m.set_status(v1::WORKER_STATUS_ACTIVE);
      m.set_reason(reason);
    });
  };
  Harness harness;
  Check(harness, {{absl::StrCat(kCommands, "UpdateWorkerStatus"), update(std::string(257, 'r')), "reason"},
                  {absl::StrCat(kCommands, "UpdateWorkerStatus"), update("bell\a"), "reason"}});
}

TEST_CASE("Page requests that are invalid") {
  const auto page = [](int size, const std::string& token) {
    return Bytes<v1::ListWorkersRequest>([&](auto& m) {
      m.set_page_size(size);
      m.set_page_token(token);
    });
  };
  Harness harness;
  Check(harness, {{absl::StrCat(kQueries, "ListWorkers"), page(-1, ""), "page_size"},
                  {absl::StrCat(kQueries, "ListWorkers"), page(1001, ""), "page_size"},
                  {absl::StrCat(kQueries, "ListWorkers"), page(0, "made up"), "page_token"},
                  {absl::StrCat(kQueries, "ListWorkers"), page(0, std::string(100'000, 'A')), "page_token"},
                  {absl::StrCat(kQueries, "ListEvents"),
                   Bytes<v1::ListEventsRequest>([](auto& m) { m.set_page_token("AAAA"); }), "page_token"},
                  {absl::StrCat(kQueries, "ListHeartbeats"), Bytes<v1::ListHeartbeatsRequest>([](auto& m) {
                     m.set_worker_id("w1");
                     m.set_page_size(2000);
                   }),
                   "page_size"}});
}

TEST_CASE("A page token that was tampered with, byte by byte, or belongs to another filter") {
  Harness harness;
  harness.Register("a");
  harness.Register("b");
  v1::ListWorkersRequest request;
  request.set_page_size(1);
  v1::ListWorkersResponse response;
  REQUIRE(harness.Call(&v1::WorkerQueries::Stub::ListWorkers, request, response).ok());
  const std::string token = response.next_page_token();
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string tampered = token;
    tampered[i] = tampered[i] == 'A' ? 'B' : 'A';
    request.set_page_token(tampered);
    CHECK(Refusal::Of(harness.Call(&v1::WorkerQueries::Stub::ListWorkers, request, response)).field() ==
          "page_token");
  }
  request.set_page_token(token);
  request.set_region("eu");
  CHECK(Refusal::Of(harness.Call(&v1::WorkerQueries::Stub::ListWorkers, request, response)).field() ==
        "page_token");
}

TEST_CASE("Text that is not UTF-8 is reported by its field, wherever it is") {
  const std::string id = "\x0a\x02w1";                // worker_id = "w1"
  const std::string bad_region = "\x12\x02\xff\xfe";  // field 2
  Harness harness;
  Check(harness,
        {
            {absl::StrCat(kCommands, "RegisterWorker"), id + bad_region, "region"},
            {absl::StrCat(kCommands, "RegisterWorker"), id + "\x22\x01x\x22\x01\xc3", "capabilities[1]"},
            {absl::StrCat(kCommands, "RegisterWorker"), id + "\x2a\x06\x0a\x01k\x12\x01\x80", "metadata"},
            {absl::StrCat(kCommands, "Heartbeat"), "\x0a\x02\xff\xff", "worker_id"},
            {absl::StrCat(kCommands, "Heartbeat"), id + "\x12\x01\xff", "instance_id"},
            {absl::StrCat(kCommands, "UpdateWorkerStatus"), id + "\x2a\x01\xff", "reason"},
            {absl::StrCat(kQueries, "GetWorker"), "\x0a\x02\xff\xff", "worker_id"},
            {absl::StrCat(kQueries, "ListWorkers"), "\x12\x01\xff", "region"},
            {absl::StrCat(kQueries, "ListEvents"), "\x0a\x01\xff", "worker_id"},
        });
}

TEST_CASE("Bytes that are not a message at all") {
  const std::string cut = "\x0a\x10short";  // says 16 bytes, has 5
  const std::string nonsense = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
  std::vector<Case> cases;
  for (const std::string& bytes : {cut, nonsense, std::string("\x0f", 1), std::string("\x0a", 1)}) {
    for (const char* method : {"RegisterWorker", "UnregisterWorker", "Heartbeat", "BatchHeartbeat",
                               "UpdateWorkerStatus", "RunScheduler"}) {
      cases.push_back({absl::StrCat(kCommands, method), bytes, "request"});
    }
    for (const char* method : {"GetWorker", "ListWorkers", "GetLastHeartbeat", "ListHeartbeats",
                               "GetFleetSummary", "ListEvents"}) {
      cases.push_back({absl::StrCat(kQueries, method), bytes, "request"});
    }
  }
  Harness harness;
  Check(harness, cases);
}

TEST_CASE("A huge message is refused because of its size, and the connection stays usable") {
  Harness harness;
  harness.Register("w1");
  const std::string before = harness.Everything();
  const std::string huge = Bytes<v1::RegisterWorkerRequest>([](auto& m) {
    m = Registration("big");
    m.set_region(std::string(5 << 20, 'r'));
  });
  const grpc::Status status = harness.CallRaw(absl::StrCat(kCommands, "RegisterWorker"), huge);
  CHECK(status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(harness.Everything() == before);
}

TEST_CASE("A failed worker stays failed") {
  Harness harness;
  harness.Register("w1");
  v1::UpdateWorkerStatusRequest request;
  v1::UpdateWorkerStatusResponse response;
  request.set_worker_id("w1");
  request.set_status(v1::WORKER_STATUS_FAILED);
  REQUIRE(harness.Call(&v1::WorkerCommands::Stub::UpdateWorkerStatus, request, response).ok());
  CHECK(harness.Beat("w1").ok());
  const std::string before = harness.Everything();
  request.set_status(v1::WORKER_STATUS_ACTIVE);
  CHECK(Refusal::Of(harness.Call(&v1::WorkerCommands::Stub::UpdateWorkerStatus, request, response))
            .info.reason() == "INVALID_STATE_TRANSITION");
  v1::RegisterWorkerRequest replace = Registration("w1");
  replace.set_replace(true);
  v1::RegisterWorkerResponse replaced;
  CHECK(Refusal::Of(harness.Call(&v1::WorkerCommands::Stub::RegisterWorker, replace, replaced)).code ==
        grpc::StatusCode::FAILED_PRECONDITION);
  CHECK(harness.Everything() == before);
}

}  // namespace
}  // namespace muster::rpc
