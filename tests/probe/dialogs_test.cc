// What the bytes of a server mean.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/grpc_dialog.h"
#include "probe/http_dialog.h"
#include "tests/catch.h"
#include "tests/probe/fake_server.h"

namespace muster::probe {
namespace {

constexpr char kEndHeaders = 4;
constexpr char kEndStream = 1;

/// The failure after these bytes: "OK" if there is none, "nothing" if the heartbeat is not answered.
std::string After(Dialog& dialog, std::string_view bytes) {
  const std::optional<Answer> answer = dialog.Receive(bytes);
  if (!answer) return "nothing";
  return answer->failure.value_or("OK");
}

/// With a heartbeat under way.
std::unique_ptr<Dialog> AskedGrpc() {
  auto dialog = std::make_unique<GrpcDialog>("127.0.0.1:1");
  dialog->Ask("~probe~1", "token-1");
  dialog->Receive(SettingsFrame());
  return dialog;
}

std::unique_ptr<Dialog> AskedHttp() {
  auto dialog = std::make_unique<HttpDialog>("127.0.0.1:1");
  dialog->Ask("~probe~1", "token-1");
  return dialog;
}

TEST_CASE("gRPC: the request is a HeartbeatRequest") {
  GrpcDialog dialog("127.0.0.1:1");
  dialog.Ask("~probe~1", "token-1");
  CHECK(dialog.unsent.starts_with("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
  CHECK(dialog.unsent.ends_with(std::string("\0\0\0\0\x13\x0a\x08~probe~1\x12\x07token-1", 24)));
  CHECK_FALSE(dialog.usable());
}

TEST_CASE("gRPC: only the status OK is OK") {
  CHECK(After(*AskedGrpc(), GrpcAnswer(1, "0")) == "OK");
  CHECK(After(*AskedGrpc(), GrpcAnswer(1, "8")) == "answered RESOURCE_EXHAUSTED");
  CHECK(After(*AskedGrpc(), GrpcAnswer(1, "14")) == "answered UNAVAILABLE");
  for (const char* status : {"", "17", "-1", "00000", "zero"}) {
    CHECK(After(*AskedGrpc(), GrpcAnswer(1, status)) == "an answer without a status of gRPC");
  }
}

TEST_CASE("gRPC: a refusal keeps the connection") {
  const auto dialog = AskedGrpc();
  CHECK(After(*dialog, GrpcAnswer(1, "14")) == "answered UNAVAILABLE");
  CHECK(dialog->usable());
}

TEST_CASE("gRPC: other answers are failures") {
  const auto not_found = AskedGrpc();
  CHECK(After(*not_found, Frame(1, kEndHeaders | kEndStream, 1, Field(":status", "404"))) ==
        "answered HTTP 404");
  const auto reset = AskedGrpc();
  CHECK(After(*reset, Frame(3, 0, 1, std::string("\0\0\0\2", 4))) == "the call was reset");
  const auto http1 = AskedGrpc();
  CHECK(After(*http1, "HTTP/1.1 400 Bad Request\r\n\r\n") == "an answer that is not HTTP/2");
  CHECK(http1->lost());
  const auto other_stream = AskedGrpc();
  CHECK(After(*other_stream, GrpcAnswer(3, "0")) != "OK");
}

TEST_CASE("gRPC: a GOAWAY that still answers is no failure; one that does not has lost the heartbeat") {
  const auto answers = AskedGrpc();
  CHECK(After(*answers, GoAway(1)) == "nothing");
  CHECK_FALSE(answers->lost());
  CHECK(After(*answers, GrpcAnswer(1, "0")) == "OK");
  CHECK_FALSE(answers->usable());

  const auto does_not = AskedGrpc();
  CHECK(After(*does_not, GoAway(0)) == "nothing");
  CHECK(does_not->lost());

  const auto between = AskedGrpc();
  CHECK(After(*between, GrpcAnswer(1, "0")) == "OK");
  CHECK(between->usable());
  CHECK(After(*between, GoAway(1)) == "nothing");
  CHECK_FALSE(between->usable());
}

TEST_CASE("gRPC: what the server asks for is answered") {
  const auto dialog = AskedGrpc();
  dialog->unsent.clear();
  CHECK(After(*dialog, Frame(6, 0, 0, "12345678")) == "nothing");
  CHECK(dialog->unsent == Frame(6, 1, 0, "12345678"));
}

TEST_CASE("HTTP: the request is a heartbeat") {
  HttpDialog dialog("127.0.0.1:1");
  dialog.Ask("~probe~1", "token-1");
  CHECK(dialog.unsent ==
        "POST /workers/~probe~1/heartbeat HTTP/1.1\r\nHost: 127.0.0.1:1\r\nContent-Type: application/json\r\n"
        "Content-Length: 24\r\n\r\n{\"instanceId\":\"token-1\"}");
  CHECK_FALSE(dialog.usable());
}

TEST_CASE("HTTP: only 200 is OK") {
  for (const auto& [line, says] : std::vector<std::pair<std::string, std::string>>{
           {"HTTP/1.1 200 OK", "OK"},
           {"HTTP/1.1 503 Service Unavailable", "answered HTTP 503"},
           {"HTTP/1.1 429", "answered HTTP 429"},
           {"HTTP/1.1 100 Continue", "an answer that this daemon does not give"},
           {"HTTP/1.1 2000 OK", "an answer that this daemon does not give"},
           {"HTTP/1.1 -200 OK", "an answer that this daemon does not give"},
           {"HTTP/1.0 200 OK", "an answer that this daemon does not give"},
           {"SSH-2.0-OpenSSH_9", "an answer that this daemon does not give"},
       }) {
    INFO(line);
    const auto dialog = AskedHttp();
    CHECK(After(*dialog, line + "\r\nDate: today\r\ncontent-length: 2\r\n\r\n{}") == says);
    CHECK(dialog->usable() == (says.find("an answer") == std::string::npos));
  }
}

TEST_CASE("HTTP: the length says where the answer ends") {
  const auto dialog = AskedHttp();
  CHECK(After(*dialog, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{}") == "nothing");
  CHECK(After(*dialog, "\r\n") == "OK");
  for (const char* fields : {"", "Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: many\r\n",
                             "Content-Length: -1\r\n", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
                             "Content-Length 2\r\n"}) {
    INFO(fields);
    const auto other = AskedHttp();
    CHECK(After(*other, std::string("HTTP/1.1 200 OK\r\n") + fields + "\r\n{}") ==
          "an answer that this daemon does not give");
    CHECK(other->lost());
  }
  const auto huge = AskedHttp();
  CHECK(After(*huge, "HTTP/1.1 200 OK\r\nContent-Length: 4294967295\r\n\r\n") ==
        "an answer that is too long");
}

TEST_CASE("HTTP: a connection that the server will close, or that says too much, is not used again") {
  const auto closing = AskedHttp();
  CHECK(After(*closing, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") == "OK");
  CHECK_FALSE(closing->usable());
  const auto talking = AskedHttp();
  CHECK(After(*talking, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n") == "OK");
  CHECK_FALSE(talking->usable());
  HttpDialog unasked("it");
  CHECK(After(unasked, "HTTP/1.1 408 Request Timeout\r\n") == "nothing");
  CHECK_FALSE(unasked.usable());
}

}  // namespace
}  // namespace muster::probe
