// JSON and YAML speak as HTTP does, and come back as what they were.
#include "workerctl/document.h"

#include <yaml-cpp/yaml.h>

#include "catch.h"
#include "muster/v1/commands.pb.h"
#include "muster/v1/queries.pb.h"

using namespace muster::ctl;
namespace v1 = muster::v1;

namespace {

v1::Worker SomeWorker() {
  v1::Worker worker;
  worker.set_id("worker-1");
  worker.set_region("us-east-1");
  worker.set_capacity(10);
  worker.add_capabilities("compute");
  worker.add_capabilities("storage");
  (*worker.mutable_metadata())["zone"] = "b";
  (*worker.mutable_metadata())["datacenter"] = "dc-1";
  worker.set_status(v1::WORKER_STATUS_ACTIVE);
  worker.mutable_registered_at()->set_seconds(1761411600);
  worker.mutable_last_heartbeat_at()->set_seconds(1761411601);
  worker.set_revision(7);
  return worker;
}

}  // namespace

TEST_CASE("a worker reads as over HTTP, key by key") {
  CHECK(CompactJson(DocumentOf(SomeWorker())) ==
        R"({"id":"worker-1","region":"us-east-1","capacity":10,"capabilities":["compute","storage"],)"
        R"("metadata":{"datacenter":"dc-1","zone":"b"},"status":"Active",)"
        R"("registeredAt":"2025-10-25T17:00:00.000000Z","lastHeartbeatAt":"2025-10-25T17:00:01.000000Z",)"
        R"("statusChangedAt":null,"statusReason":"","revision":7,"instanceId":"","inUse":null})");
}

TEST_CASE("what is empty is there, what is unset is null, and what was not asked for is left out") {
  const Json worker = DocumentOf(v1::Worker());
  CHECK(worker["capabilities"] == Json::array());
  CHECK(worker["metadata"] == Json::object());
  CHECK(worker["capacity"] == 0);
  for (const char* unset : {"status", "lastHeartbeatAt", "inUse"}) CHECK(worker.at(unset).is_null());
  CHECK_FALSE(worker.contains("heartbeats"));
  v1::Worker heard;
  heard.mutable_heartbeats()->set_total(0);
  CHECK(CompactJson(DocumentOf(heard)["heartbeats"]) ==
        R"({"total":0,"silentFor":null,"fresh":false,"recent":[]})");
}

TEST_CASE("an in_use of 0 is something that a heartbeat said") {
  v1::Worker worker;
  worker.set_in_use(0);
  CHECK(DocumentOf(worker)["inUse"] == 0);
}

TEST_CASE("a summary counts by the names of the statuses") {
  v1::GetFleetSummaryResponse summary;
  summary.mutable_heartbeat_timeout()->set_seconds(3);
  summary.mutable_heartbeat_timeout()->set_nanos(500'000'000);
  summary.mutable_listening()->set_listening(true);
  auto* count = summary.add_by_status();
  count->set_status(v1::WORKER_STATUS_FAILED);
  count->set_workers(4'000'000'000);
  const Json document = DocumentOf(summary);
  CHECK(document["heartbeatTimeout"] == "3.5s");
  CHECK(document["listening"]["listening"] == true);
  CHECK(document["listening"]["reason"].is_null());
  CHECK(document["byStatus"] == Json{{"Failed", 4'000'000'000}});
}

TEST_CASE("an event says null for what it has not") {
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_STATUS_CHANGED);
  event.set_to_status(v1::WORKER_STATUS_OFFLINE);
  CHECK(DocumentOf(event)["type"] == "status-changed");
  CHECK(DocumentOf(event)["toStatus"] == "Offline");
  for (const char* unset : {"fromStatus", "workerId"}) CHECK(DocumentOf(event).at(unset).is_null());
  CHECK(DocumentOf(event)["reason"] == "");
  event.set_worker_id("worker-1");
  CHECK(DocumentOf(event)["workerId"] == "worker-1");
}

TEST_CASE("hostile text is harmless in a document, and is still the same text") {
  v1::Worker worker = SomeWorker();
  const std::string hostile = "\033[2J\xC2\x9B\xE2\x80\xAE\"\\\n: - #";
  (*worker.mutable_metadata())["note"] = hostile;
  for (const std::string& text : {PrettyJson(DocumentOf(worker)), Yaml(DocumentOf(worker))}) {
    CHECK(text.find('\033') == std::string::npos);
    CHECK(text.find("\xC2\x9B") == std::string::npos);
    CHECK(text.find("\xE2\x80\xAE") == std::string::npos);
  }
  CHECK(Json::parse(PrettyJson(DocumentOf(worker)))["metadata"]["note"] == hostile);
  CHECK(YAML::Load(Yaml(DocumentOf(worker)))["metadata"]["note"].as<std::string>() == hostile);
}

TEST_CASE("text that is not UTF-8 is replaced, not fatal") {
  CHECK(CompactJson(Json{{"a", "\xFF"}}) == "{\"a\":\"\xEF\xBF\xBD\"}");
}

TEST_CASE("YAML quotes what a reader could take for something else") {
  const Json document = {
      {"region", "no"}, {"rack", "12"},          {"day", "2025-10-25"},       {"empty", ""},
      {"plain", "eu"},  {"tilde", "~"},          {"colon", "a: b"},           {"number", 12},
      {"truth", true},  {"none", Json::array()}, {"nothing", Json::object()}, {"unset", nullptr}};
  CHECK(Yaml(document) ==
        "region: \"no\"\n"
        "rack: \"12\"\n"
        "day: \"2025-10-25\"\n"
        "empty: \"\"\n"
        "plain: eu\n"
        "tilde: \"~\"\n"
        "colon: \"a: b\"\n"
        "number: 12\n"
        "truth: true\n"
        "none: []\n"
        "nothing: {}\n"
        "unset: null\n");
}
