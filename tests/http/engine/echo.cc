#include "echo.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "catch.h"

namespace muster::http {
namespace {

Response Big(const Request& request) {
  Response response;
  response.content_type = "application/json";
  response.body = std::string(static_cast<std::size_t>(std::atoll(request.query.at(0).first.c_str())), 'x');
  response.headers = {{"ETag", "\"5\""}};
  return response;
}

Response Tag(const Request& request) {
  Response response;
  response.status = request.Header("if-none-match") == "\"5\"" ? 304 : 204;
  response.headers = {{"ETag", "\"5\""}, {"X-Seen-If-Match", std::string(request.Header("if-match"))}};
  return response;
}

Response Echo(const Request& request) {
  Response response;
  response.content_type = "text/plain";
  response.body = absl::StrCat(request.method, "\n", request.path, "\n");
  for (const auto& [name, value] : request.query) absl::StrAppend(&response.body, name, "=", value, "\n");
  response.body += request.body;
  for (const auto& [name, value] : request.headers) {
    if (name.starts_with("x-") && name != "x-request-id") response.headers.emplace_back(name, value);
  }
  return response;
}

}  // namespace

void EchoHandler::Handle(Request request, Answer answer) {
  {
    const MutexLock lock(mu_);
    last_ = request;
    if (request.path == "/late") {
      late_.push_back(std::move(answer));
      changed_.SignalAll();
      return;
    }
  }
  answer(request.path == "/big" ? Big(request) : request.path == "/tag" ? Tag(request) : Echo(request));
}

std::vector<std::string> EchoHandler::Methods(const Request& request) {
  if (request.path == "/nowhere") return {};
  return {"GET", "HEAD", "PUT", "OPTIONS"};
}

Response EchoHandler::Problem(int status, std::string_view detail, const Request* request) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = absl::StrCat(std::string(detail), "\n", request == nullptr ? "-" : request->path);
  return response;
}

Request EchoHandler::last() const {
  const MutexLock lock(mu_);
  return last_;
}

std::vector<Answer> EchoHandler::TakeLate(std::size_t count) {
  const MutexLock lock(mu_);
  while (late_.size() < count) changed_.WaitWithTimeout(mu_, absl::Seconds(10));
  return std::exchange(late_, {});
}

EchoServer::EchoServer(const Limits& limits, std::vector<std::string> cors_origins,
                       const net::ConnectionLimits& connections) {
  auto listening = HttpServer::Listen(
      {*ListenAddress::Parse("127.0.0.1:0"), limits, std::move(cors_origins), connections}, clock, handler);
  REQUIRE(listening.ok());
  server = *std::move(listening);
}

RawAnswer EchoServer::Ask(std::string_view bytes) const {
  RawClient client = Connect();
  auto answer = client.Ask(bytes);
  REQUIRE(answer);
  return *std::move(answer);
}

}  // namespace muster::http
