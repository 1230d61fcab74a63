// Bad input of every kind: the answer is a 400 that names what is wrong, and nothing has changed.
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/http/api/client.h"

namespace muster::http {
namespace {

using nlohmann::json;

struct Case {
  std::string request;
  std::string body;
  std::string field;
};

void Check(const std::vector<Case>& cases) {
  Client client;
  client.Register("w");
  REQUIRE(client.Send("POST /workers/w/heartbeat").status() == 200);
  const std::string before = client.Everything();
  for (const Case& each : cases) {
    INFO(each.request << " " << each.body.substr(0, 200));
    const Got got = client.Send(each.request, each.body);
    INFO(got.response.body);
    CHECK(got.status() == 400);
    CHECK(got.reason() == "INVALID_ARGUMENT");
    CHECK(got.field() == each.field);
    CHECK(got.body.value("detail", "").rfind(each.field, 0) == 0);
  }
  CHECK(client.Everything() == before);
}

std::string Registration(const std::string& field, const json& value) {
  json body = {{"id", "new"}, {"region", "eu"}, {"capacity", 1}};
  body[field] = value;
  return body.dump();
}

TEST_CASE("Fields of a registration") {
  std::vector<Case> cases;
  const auto add = [&cases](const char* field, const json& value, const char* named) {
    cases.push_back({"POST /workers", Registration(field, value), named});
  };
  for (const json& id :
       {json(""), json("no spaces"), json("active"), json(std::string(129, 'x')), json(7), json()}) {
    add("id", id, "id");
  }
  for (const json& region : {json(""), json(std::string(65, 'r')), json("e\nu"), json({"eu"})}) {
    add("region", region, "region");
  }
  for (const json& capacity :
       {json(0), json(-7), json(1.5), json("10"), json(2'147'483'648), json(1e300), json(true)}) {
    add("capacity", capacity, "capacity");
  }
  add("capabilities", "gpu", "capabilities");
  add("capabilities", {"gpu", 7}, "capabilities[1]");
  add("capabilities", {"gpu", "cpu", "gpu"}, "capabilities[2]");
  add("metadata", {"rack"}, "metadata");
  add("metadata", {{"rack", 7}}, "metadata[rack]");
  add("metadata", {{"rack_no", nullptr}}, "metadata[rack_no]");
  add("metadata", {{"k", std::string(17 * 1024, 'v')}}, "metadata");
  add("instanceId", "not an id", "instanceId");
  add("instanceId", 7, "instanceId");
  add("replace", "yes", "replace");
  add("worker_id", "w", "worker_id");
  add("Region", "eu", "Region");
  Check(cases);
}

TEST_CASE("Null counts as not given") {
  Client client;
  CHECK(client
            .Json("POST /workers", {{"id", "w"},
                                    {"region", "eu"},
                                    {"capacity", 10.0},
                                    {"capabilities", nullptr},
                                    {"metadata", nullptr},
                                    {"instanceId", nullptr},
                                    {"replace", nullptr}})
            .body["capacity"] == 10);
  CHECK(client.Json("PUT /workers/w/status", {{"status", nullptr}}).field() == "status");
}

TEST_CASE("Bodies that are no JSON object") {
  std::vector<Case> cases;
  for (const char* route : {"POST /workers", "POST /workers/w/heartbeat", "PUT /workers/w/status",
                            "POST /heartbeats", "POST /scheduler/run"}) {
    for (const std::string& body :
         {std::string("{"), std::string("id=w"), std::string("[]"), std::string("7"), std::string("\"text\""),
          std::string("{\"id\":\"\xff\"}"), std::string("{} {}"), std::string("{\"id\":1e999}"),
          std::string("\0", 1), std::string("{\"id\":\"\\ud800\"}"), std::string(60'000, '['),
          std::string(5'000, '{'), std::string("{\"a\":[[[[[[[[[[]]]]]]]]]]}"),
          "{\"id\":" + std::string(50'000, '9') + "x}"}) {
      cases.push_back({route, body, "body"});
    }
  }
  Check(cases);
}

TEST_CASE("The error says where the JSON is wrong") {
  Client client;
  const Got got = client.Send("POST /workers", "{\"id\": \"w\",\n  region}");
  CHECK(got.body["errors"][0]["reason"].get<std::string>().find("line 2") != std::string::npos);
}

TEST_CASE("A field that occurs twice") {
  std::string many = "{\"id\":\"w\"";
  for (int i = 0; i < 300; ++i) many += ",\"f" + std::to_string(i) + "\":1";
  Check({{"POST /workers", R"({"id":"new","region":"eu","capacity":1,"id":"newer"})", "id"},
         {"POST /workers", R"({"id":"new","metadata":{"a":"1","b":"2","a":"3"},"region":"eu","capacity":1})",
          "a"},
         {"POST /workers", R"({"":1,"":2})", "\"\""},
         {"POST /workers", many + "}", "body"}});
}

TEST_CASE("Fields of the other bodies") {
  Check({
      {"PUT /workers/w/status", "", "status"},
      {"PUT /workers/w/status", R"({"status":"active"})", "status"},
      {"PUT /workers/w/status", R"({"status":2})", "status"},
      {"PUT /workers/w/status", R"({"status":"Active","expectedStatus":"Any"})", "expectedStatus"},
      {"PUT /workers/w/status", R"({"status":"Active","expectedRevision":"1"})", "expectedRevision"},
      {"PUT /workers/w/status", R"({"status":"Active","expectedRevision":99999999999999999999})",
       "expectedRevision"},
      {"PUT /workers/w/status", R"({"status":"Active","reason":"bell\u0007"})", "reason"},
      {"PUT /workers/w/status", R"({"status":"Active","force":true})", "force"},
      {"PUT /workers/no%20id/status", R"({"status":"Active"})", "id"},
      {"POST /workers/w/heartbeat", R"({"id":"w"})", "id"},
      {"POST /workers/w/heartbeat", R"({"":"w"})", "\"\""},
      {"POST /workers/w/heartbeat", R"({"inUse":1.5})", "inUse"},
      {"POST /workers/w/heartbeat", R"({"instanceId":"not an id"})", "instanceId"},
      {"POST /workers/no%20id/heartbeat", "", "id"},
      {"POST /scheduler/run", R"({"job":"activation"})", "job"},
      {"DELETE /workers/w", R"({"expectedRevision":9})", "body"},
      {"GET /workers", "{}", "body"},
      {"DELETE /workers/.dot", "", "id"},
      {"GET /workers/tab%09", "", "id"},
      {"GET /workers/%C3%BC/heartbeats", "", "id"},
  });
}

TEST_CASE("Parameters") {
  Check({
      {"GET /workers?status=Busy", "", "status"},
      {"GET /workers?status=Active,", "", "status"},
      {"GET /workers?status=", "", "status"},
      {"GET /workers?region=eu&region=us", "", "region"},
      {"GET /workers?region=" + std::string(65, 'r'), "", "region"},
      {"GET /workers?metadata=rack", "", "metadata"},
      {"GET /workers?metadata.rack=1&metadata=rack=2", "", "metadata"},
      {"GET /workers?pageSize=many", "", "pageSize"},
      {"GET /workers?pageSize=1001", "", "pageSize"},
      {"GET /workers?pageSize=-1", "", "pageSize"},
      {"GET /workers?pageSize=99999999999", "", "pageSize"},
      {"GET /workers?pageToken=forged", "", "pageToken"},
      {"GET /workers?view=full", "", "view"},
      {"GET /workers?state=Active", "", "state"},
      {"GET /workers?=Active", "", "\"\""},
      {"GET /workers?metadata.=x", "", "metadata"},
      {"GET /workers?page_size=1", "", "page_size"},
      {"GET /workers/active?status=Pending", "", "status"},
      {"GET /workers/w?view=heartbeats", "", "view"},
      {"POST /workers/w/heartbeat?inUse=1", "", "inUse"},
      {"GET /workers/w/heartbeats?pageSize=2000", "", "pageSize"},
      {"GET /events?after=x", "", "after"},
      {"GET /events?pageToken=AAAA", "", "pageToken"},
      {"GET /healthz?deep=1", "", "deep"},
  });
}

}  // namespace
}  // namespace muster::http
