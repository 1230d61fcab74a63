// Requests of HTTP through the routes into a roll: targets, headers, JSON bodies.
//
// The input is text: requests with a line "---" between them. "@ 30" instead of a request: so many seconds
// pass.
//
//     POST /workers
//     content-type: application/json
//
//     {"id": "w1", "region": "eu", "capacity": 4}
//     ---
//     GET /workers?pageToken=^          ^ is the last token that was given out
#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "domain/text.h"
#include "http/api/api.h"
#include "http/message.h"
#include "muster/check.h"
#include "roll.h"
#include "runtime/mutex.h"

namespace muster::fuzz {
namespace {

using http::Request;
using http::Response;

constexpr int kMostRequests = 40;
constexpr int kMostSeconds = 150;  // pass in all

/// Cuts the text before `separator` off the front of `text`, and the separator.
std::string_view Take(std::string_view& text, std::string_view separator) {
  const std::size_t at = text.find(separator);
  const std::string_view piece = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + separator.size());
  return piece;
}

/// One answer, which may come from another thread.
class AnswerBox {
 public:
  void Put(Response response) {
    const MutexLock lock(mu_);
    MUSTER_CHECK(!response_, "a request is answered once");
    response_ = std::move(response);
    came_.SignalAll();
  }
  Response Await() {
    const MutexLock lock(mu_);
    if (!response_) came_.WaitWithTimeout(mu_, absl::Seconds(30));
    MUSTER_CHECK(response_.has_value(), "every request gets an answer");
    return *response_;
  }

 private:
  Mutex mu_;
  CondVar came_;
  std::optional<Response> response_;
};

void CheckAnswer(const Response& response, const nlohmann::json& body) {
  MUSTER_CHECK(response.status < 500, "no request is a fault of the server");
  if (response.body.empty()) {
    MUSTER_CHECK(response.status == 204 || response.status == 304, "only these answers have no body");
  } else {
    MUSTER_CHECK(body.is_object(), "a body is a JSON object");
  }
  if (response.status >= 400) {
    MUSTER_CHECK(response.content_type == "application/problem+json", "an error is a problem document");
    MUSTER_CHECK(!body.value("reason", "").empty() && !body.value("detail", "").empty(),
                 "an error says what is wrong");
    MUSTER_CHECK(body.value("status", 0) == response.status, "the document has the status of the answer");
  }
}

class Player {
 public:
  explicit Player(std::int64_t max_events) : roll_(max_events) { api_.Serve(roll_.registry()); }

  void Play(std::string_view text) {
    std::string_view body = text;
    std::string_view head = Take(body, "\n\n");
    std::string_view target = Take(head, "\n");
    const std::string_view method = Take(target, " ");
    if (method == "@") return Pass(target);

    Request request;
    request.method = std::string(method);
    request.target = token_.empty() ? std::string(target)
                                    : absl::StrReplaceAll(std::string(target), {{"pageToken=^", token_}});
    auto read = http::ReadTarget(request.target);
    if (!read.ok()) {
      MUSTER_CHECK(IsUtf8(std::string(read.status().message())), "a refusal is text");
      return;
    }
    request.path = std::move(read->path);
    request.segments = std::move(read->segments);
    request.query = std::move(read->query);
    while (!head.empty()) {
      std::string_view value = Take(head, "\n");
      std::string name(Take(value, ": "));
      absl::AsciiStrToLower(&name);
      if (!request.HasHeader(name)) request.headers.emplace_back(std::move(name), std::string(value));
    }
    request.body = std::string(body);
    request.peer = "192.0.2.1:40312";
    request.request_id = "request-1";
    Send(std::move(request));
  }

  void End() const { roll_.Check(); }

 private:
  void Pass(std::string_view text) {
    int seconds = 0;
    if (!absl::SimpleAtoi(std::string(text), &seconds)) return;
    seconds = std::clamp(seconds, 0, seconds_left_);
    seconds_left_ -= seconds;
    roll_.Pass(absl::Seconds(seconds));
  }

  void Send(Request request) {
    const std::int64_t before = roll_.LastCursor();
    const bool reads = request.method == "GET";
    const auto box = std::make_shared<AnswerBox>();
    api_.Handle(std::move(request),
                http::Answer([box](Response response) { box->Put(std::move(response)); }));
    roll_.Turn();
    const Response response = box->Await();
    const auto body = nlohmann::json::parse(response.body, nullptr, /*allow_exceptions=*/false);
    CheckAnswer(response, body);
    const bool refused = response.status >= 400 && response.status != 409;  // a conflict may report a clone
    if (reads || refused) MUSTER_CHECK(roll_.LastCursor() == before, "what is refused changes nothing");
    if (body.is_object() && body.contains("nextPageToken")) {
      const auto token = body["nextPageToken"].get<std::string>();
      if (!token.empty()) token_ = "pageToken=" + token;
    }
  }

  Roll roll_;
  int seconds_left_ = kMostSeconds;
  http::Api api_{http::ApiOptions{"1.2.3", {"https://ops.example"}}};
  std::string token_;
};

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::fuzz;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const bool few_events = input.starts_with('@');
  Player player(few_events ? 6 : 10'000);
  for (int i = 0; i < kMostRequests && !input.empty(); ++i) player.Play(Take(input, "\n---\n"));
  player.End();
  return 0;
}
