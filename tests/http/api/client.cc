#include "tests/http/api/client.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "http/message.h"
#include "tests/catch.h"

namespace muster::http {
namespace {

Settings TestSettings() {
  Settings settings;
  settings.heartbeat_timeout = absl::Seconds(30);
  settings.activation_interval = settings.stale_interval = settings.reactivation_interval = absl::Seconds(5);
  settings.min_heartbeat_interval = absl::Seconds(5);
  return settings;
}

Request RequestOf(std::string_view method_and_target, std::string body, Fields headers) {
  const std::pair<std::string, std::string> line = absl::StrSplit(
      absl::string_view(method_and_target.data(), method_and_target.size()), absl::MaxSplits(' ', 1));
  const auto target = ReadTarget(line.second);
  REQUIRE(target.ok());
  Request request;
  request.method = line.first;
  request.target = line.second;
  request.path = target->path;
  request.segments = target->segments;
  request.query = target->query;
  request.headers = std::move(headers);
  request.body = std::move(body);
  request.peer = "192.0.2.1:40312";
  request.request_id = "request-1";
  return request;
}

Got Read(Response response) {
  Got got{std::move(response), nullptr};
  if (!got.response.body.empty()) {
    got.body = nlohmann::json::parse(got.response.body, nullptr, /*allow_exceptions=*/false);
    REQUIRE_FALSE(got.body.is_discarded());
  }
  return got;
}

}  // namespace

std::string Got::Header(std::string_view name) const {
  for (const auto& [key, value] : response.headers) {
    if (SameToken(key, name)) return value;
  }
  return "";
}

std::string Got::field() const {
  if (!body.contains("errors") || body["errors"].size() != 1) return "";
  return body["errors"][0].value("field", "");
}

Client::Client(Begin begin, ApiOptions options) : api(std::move(options)), executor_(clock) {
  if (begin == Begin::kServing) Serve();
}

Client::~Client() {
  disk.reads.turnstile.Open();
  Drain();
}

void Client::Serve() {
  registry_ = std::make_unique<Registry>(std::make_unique<FlakyStore>(disk), clock, random_, executor_,
                                         TestSettings());
  probe_ = std::make_unique<SelfProbe>(*registry_, clock, executor_);
  probe_->Start("");
  Turn();
  api.Serve(*registry_);
}

void Client::Drain() {
  api.Drain();
  if (registry_ != nullptr) registry_->Drain([] {});
  Turn();
}

std::future<Response> Client::Ask(std::string_view method_and_target, std::string body, Fields headers,
                                  Answer::Gone gone) {
  auto answered = std::make_shared<std::promise<Response>>();  // it throws if it is set twice
  std::future<Response> answer = answered->get_future();
  api.Handle(RequestOf(method_and_target, std::move(body), std::move(headers)),
             Answer([answered](Response response) { answered->set_value(std::move(response)); }, gone));
  return answer;
}

Got Client::Await(std::future<Response> answer) {
  Turn();
  // An answer from a thread of the read pool comes soon.
  REQUIRE(answer.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  return Read(answer.get());
}

Got Client::Send(std::string_view method_and_target, std::string body, Fields headers) {
  return Await(Ask(method_and_target, std::move(body), std::move(headers)));
}

Got Client::Ready() {
  return Read(Ask("GET /readyz").get());
}

Got Client::Json(std::string_view method_and_target, const nlohmann::json& body, Fields headers) {
  headers.emplace_back("content-type", "application/json");
  return Send(method_and_target, body.dump(), std::move(headers));
}

nlohmann::json Client::Register(const std::string& id, const std::string& instance_id) {
  nlohmann::json body = {{"id", id}, {"region", "eu"}, {"capacity", 4}};
  if (!instance_id.empty()) body["instanceId"] = instance_id;
  const Got got = Json("POST /workers", body);
  REQUIRE(got.status() == 201);
  return got.body;
}

std::string Client::Everything() {
  return Send("GET /workers?view=heartbeats&pageSize=1000").response.body +
         Send("GET /events?pageSize=1000").response.body;
}

void Client::Pass(absl::Duration time) {
  constexpr absl::Duration kStep = absl::Milliseconds(50);
  for (absl::Duration passed; passed < time; passed += kStep) {
    clock.Advance(kStep);
    Turn();
  }
}

}  // namespace muster::http
