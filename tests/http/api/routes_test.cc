// The table of routes: which requests are answered and which are refused.
#include "http/api/routes.h"

#include <set>
#include <string>

#include "tests/catch.h"
#include "tests/http/api/client.h"

namespace muster::http {
namespace {

TEST_CASE("An unknown path, and a method that the path does not have") {
  Client client;
  client.Register("w");
  for (const char* target : {"/", "/worker", "/workers/", "/workers/w/", "/workers/w/heartbeats/first",
                             "/Workers", "/workers//heartbeat", "/scheduler", "//workers"}) {
    INFO(target);
    const Got got = client.Send(std::string("GET ") + target);
    CHECK(got.status() == 404);
    CHECK(got.reason() == "NOT_FOUND");
  }
  const Got wrong = client.Send("PATCH /workers/w");
  CHECK(wrong.status() == 405);
  CHECK(wrong.reason() == "METHOD_NOT_ALLOWED");
  CHECK(wrong.Header("Allow") == "GET, HEAD, DELETE, OPTIONS");
  CHECK(client.Send("POST /workers/active").Header("Allow") == "GET, HEAD, OPTIONS");
  CHECK(client.Send("get /workers").status() == 405);
}

TEST_CASE("HEAD is answered like GET, OPTIONS with the methods of the path") {
  Client client;
  client.Register("w");
  CHECK(client.Send("HEAD /workers/w").response.body == client.Send("GET /workers/w").response.body);
  CHECK(client.Send("HEAD /scheduler/run").status() == 405);
  const Got options = client.Send("OPTIONS /workers");
  CHECK(options.status() == 204);
  CHECK(options.Header("Allow") == "POST, GET, HEAD, OPTIONS");
  CHECK(client.Send("OPTIONS /nowhere").status() == 404);
  Request request;
  request.segments = {"workers", "w", "status"};
  CHECK(client.api.Methods(request) == std::vector<std::string>{"PUT", "OPTIONS"});
  request.segments = {"nowhere"};
  CHECK(client.api.Methods(request).empty());
}

TEST_CASE("A body of another type than JSON is refused") {
  Client client;
  client.Register("w");
  const std::string before = client.Everything();
  for (const char* type :
       {"text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonx"}) {
    INFO(type);
    const Got got = client.Send("PUT /workers/w/status", R"({"status":"Active"})", {{"content-type", type}});
    CHECK(got.status() == 415);
    CHECK(got.reason() == "UNSUPPORTED_MEDIA_TYPE");
    CHECK(got.Header("Accept") == "application/json");
  }
  CHECK(client.Everything() == before);
  // Without a body the type does not matter.
  CHECK(client.Send("POST /workers/w/heartbeat", "", {{"content-type", "text/plain"}}).status() == 200);
}

TEST_CASE("A page of another origin changes nothing, unless its origin is allowed") {
  Client client(Client::Begin::kServing, {"1", {"https://ops.example"}});
  client.Register("w");
  const auto beat = [&client](const char* origin) {
    return client.Send("POST /workers/w/heartbeat", "", {{"host", "127.0.0.1:8080"}, {"origin", origin}})
        .status();
  };
  CHECK(beat("https://evil.example") == 403);
  CHECK(beat("null") == 403);
  CHECK(beat("http://127.0.0.1:8081") == 403);
  CHECK(client.Send("GET /workers/w/heartbeats/last").body["heartbeat"].is_null());
  CHECK(beat("https://ops.example") == 200);
  CHECK(beat("http://127.0.0.1:8080") == 200);
  // CORS controls reading: the browser does not give the answer to the page.
  CHECK(client.Send("GET /workers", "", {{"origin", "https://evil.example"}}).status() == 200);
}

TEST_CASE("If all origins are allowed, every page may change the roll") {
  Client client(Client::Begin::kServing, {"1", {"*"}});
  client.Register("w");
  CHECK(client.Send("POST /workers/w/heartbeat", "", {{"host", "h"}, {"origin", "https://any.example"}})
            .status() == 200);
}

TEST_CASE("The description contains exactly these routes, with these parameters") {
  Client client;
  const Got got = client.Send("GET /openapi.json");
  REQUIRE(got.status() == 200);
  CHECK(got.response.content_type == "application/json");
  std::set<std::string> described;
  for (const auto& [path, item] : got.body["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      std::string line = method;
      line.append(" ").append(path);
      std::set<std::string> names;
      for (const auto& parameter : operation.value("parameters", nlohmann::json::array())) {
        const nlohmann::json& resolved =
            parameter.contains("$ref")
                ? got.body[nlohmann::json::json_pointer(parameter["$ref"].get<std::string>().substr(1))]
                : parameter;
        if (resolved["in"] == "query") names.insert(resolved["name"].get<std::string>());
      }
      for (const std::string& name : names) line.append(" ").append(name);
      if (operation.contains("requestBody")) line += " +body";
      described.insert(line);
    }
  }
  std::set<std::string> served;
  for (const Route& route : Routes()) {
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    std::string line = method + " " + std::string(route.path);
    std::set<std::string> names;
    for (const std::string_view name : route.parameters) {
      if (!name.ends_with('.')) names.emplace(name);
    }
    for (const std::string& name : names) line.append(" ").append(name);
    if (route.takes_body) line += " +body";
    served.insert(line);
  }
  CHECK(described == served);
}

}  // namespace
}  // namespace muster::http
