// Every limit is enforced, and the answer names it. The times are short, so that the tests are fast.
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "echo.h"
#include "runtime/health_metrics.h"
#include "runtime/real_clock.h"

namespace muster::http {
namespace {

std::int64_t RefusedInAll() {
  return connections_refused.value(Interface::kHttp, ConnectionRefusal::kInAll);
}

constexpr absl::Duration kShort = absl::Milliseconds(30);

std::string Put(std::size_t length) {
  return absl::StrCat("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ", length, "\r\n\r\n");
}

TEST_CASE("A target may be 8 KiB long") {
  EchoServer echo;
  const auto get = [](std::size_t size) {
    return absl::StrCat("GET /", std::string(size - 1, 'a'), " HTTP/1.1\r\nHost: h\r\n\r\n");
  };
  CHECK(echo.Ask(get(8192)).status == 200);
  const RawAnswer refused = echo.Ask(get(8193));
  CHECK(refused.status == 414);
  CHECK(refused.body.find("8192 bytes") != std::string::npos);
  // The refusal comes before the end of the line.
  CHECK(echo.Ask(absl::StrCat("GET /", std::string(9000, 'a'))).status == 414);
}

TEST_CASE("Headers may be 16 KiB long") {
  EchoServer echo;
  const auto get = [](std::size_t size) {
    const std::string fixed = "Host: h\r\nX: \r\n\r\n";
    return absl::StrCat("GET / HTTP/1.1\r\nHost: h\r\nX: ", std::string(size - fixed.size(), 'a'),
                        "\r\n\r\n");
  };
  CHECK(echo.Ask(get(16'384)).status == 200);
  const RawAnswer refused = echo.Ask(get(16'385));
  CHECK(refused.status == 431);
  CHECK(refused.body.find("16384 bytes") != std::string::npos);
  CHECK(echo.Ask(absl::StrCat("GET / HTTP/1.1\r\nX: ", std::string(20'000, 'a'))).status == 431);
}

TEST_CASE("There may be 128 headers") {
  EchoServer echo;
  const auto get = [](int count) {
    std::string request = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 1; i < count; ++i) absl::StrAppend(&request, "x-", i, ": \r\n");
    return request + "\r\n";
  };
  CHECK(echo.Ask(get(128)).status == 200);
  CHECK(echo.Ask(get(129)).status == 431);
}

TEST_CASE("A body may be 64 KiB long, or as long as the options say, in one piece or in chunks") {
  EchoServer echo;
  CHECK(echo.Ask(Put(65'536) + std::string(65'536, 'a')).status == 200);
  const RawAnswer refused = echo.Ask(Put(65'537));  // before any byte of it is sent
  CHECK(refused.status == 413);
  CHECK(refused.body.find("65536 bytes") != std::string::npos);
  CHECK(refused.Header("Connection") == "close");
  CHECK(
      echo.Ask("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n").status ==
      413);

  Limits limits;
  limits.body_bytes = 4;
  EchoServer small(limits);
  const std::string chunked = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  CHECK(small.Ask(chunked + "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n").status == 200);
  CHECK(small.Ask(chunked + "2\r\nab\r\n3\r\ncde\r\n").status == 413);
  // The server does not wait for ever for the head of a chunk, nor for a trailer.
  CHECK(small.Ask(chunked + "1;" + std::string(20'000, 'a')).status == 400);
  CHECK(small.Ask(chunked + "0\r\n" + std::string(20'000, 'a')).status == 400);
}

TEST_CASE("A client that sends far too much can read why it was refused") {
  Limits limits;
  limits.linger = absl::Seconds(60);  // the client may be slow
  EchoServer echo(limits);
  RawClient client = echo.Connect();
  client.Send(Put(50'000'000));
  const std::string piece(1 << 20, 'a');
  for (int i = 0; i < 20; ++i) REQUIRE(client.Send(piece));  // the connection stays open meanwhile
  const auto answer = client.Receive();
  REQUIRE(answer);
  CHECK(answer->status == 413);
}

TEST_CASE("Headers and bodies must arrive in time") {
  Limits limits;
  limits.headers_within = kShort;
  limits.body_within = kShort;
  EchoServer echo(limits);
  for (const std::string& begun :
       {std::string("G"), std::string("GET / HTTP/1.1\r\nHost: h\r\n"), Put(5) + "abc",
        std::string("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1")}) {
    INFO(begun);
    RawClient client = echo.Connect();
    const auto answer = client.Ask(begun);
    REQUIRE(answer);
    CHECK(answer->status == 408);
    CHECK(answer->body.find("30ms") != std::string::npos);
    CHECK(answer->Header("Connection") == "close");
    CHECK(client.Closes());
  }
}

TEST_CASE("A connection without requests is closed without an answer") {
  Limits limits;
  limits.idle = kShort;
  EchoServer echo(limits);
  RawClient fresh = echo.Connect();
  CHECK(fresh.Closes());
  for (int attempt = 0; attempt < 100; ++attempt) {
    RawClient used = echo.Connect();
    // If this thread got no core for kShort, the connection was closed before the request.
    if (!used.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n")) continue;
    CHECK(used.Closes());
    return;
  }
  FAIL("no request was answered");
}

TEST_CASE("No deadline runs while the handler works") {
  Limits limits;
  limits.headers_within = limits.body_within = limits.answer_within = kShort;
  limits.idle = 10 * kShort;  // also the time that this thread has between Connect and Send
  EchoServer echo(limits);
  RawClient client = echo.Connect();
  client.Send("GET /late HTTP/1.1\r\nHost: h\r\n\r\n");
  std::vector<Answer> late = echo.handler.TakeLate(1);
  CHECK(echo.Connect().Closes());  // a later connection has timed out
  late.front()(Response());
  const auto answer = client.Receive();
  REQUIRE(answer);
  CHECK(answer->status == 200);
}

TEST_CASE("A client that does not read its answer is cut off") {
  Limits limits;
  limits.answer_within = kShort;
  EchoServer echo(limits);
  RawClient client = echo.Connect();
  constexpr std::size_t kMore = 64 << 20;  // more than sockets buffer
  client.Send(absl::StrCat("GET /big?", kMore, " HTTP/1.1\r\nHost: h\r\n\r\n"));
  RawClient other = echo.Connect();
  CHECK(other.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));  // no other client waits for the first
  const RealClock clock;
  const absl::Duration begun = clock.MonotonicNow();
  echo.server->Shutdown(absl::Seconds(60));  // returns when the first is cut off
  CHECK(clock.MonotonicNow() - begun < absl::Seconds(30));
  CHECK(client.ReceiveAll().size() < kMore);
}

TEST_CASE("Clients beyond the limit of their address are told so, and those that go make room") {
  EchoServer echo({}, {}, {10, 2});
  std::vector<RawClient> present;
  for (int i = 0; i < 2; ++i) {
    present.push_back(echo.Connect());
    CHECK(present.back().Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n")->status == 200);
  }
  const RawAnswer refused = echo.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(refused.status == 503);
  CHECK(refused.body.find("2 connections from this address") != std::string::npos);
  present.clear();
  // The server notices the closed connections as soon as it reads their ends.
  int status = 503;
  for (int tries = 0; tries < 1000 && status == 503; ++tries) {
    status = echo.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status;
  }
  CHECK(status == 200);
}

TEST_CASE("Only a few of the clients beyond the limit are answered, all are closed") {
  const std::int64_t before = RefusedInAll();
  EchoServer echo({}, {}, {3, 3});
  std::vector<RawClient> present;
  for (int i = 0; i < 3; ++i) {
    present.push_back(echo.Connect());
    CHECK(present.back().Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n")->status == 200);
  }
  std::vector<RawClient> beyond;
  for (int i = 0; i < 20; ++i) beyond.push_back(echo.Connect());
  for (RawClient& client : beyond) CHECK(client.ReceiveAll().size() < 1000);
  CHECK(RefusedInAll() == before + 20);
  CHECK(connections_open.value(Interface::kHttp) == 3);
}

TEST_CASE("Clients beyond the limit of connections are told to come back") {
  const std::int64_t before = RefusedInAll();
  EchoServer echo({}, {}, {3, 3});
  std::vector<RawClient> present;
  for (int i = 0; i < 3; ++i) {
    present.push_back(echo.Connect());
    CHECK(present.back().Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n")->status == 200);
  }
  {
    RawClient refused = echo.Connect();
    const auto answer = refused.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(answer);
    CHECK(answer->status == 503);
    CHECK(answer->Header("Retry-After") == "1");
    CHECK(answer->body.find("3 connections") != std::string::npos);
    CHECK(refused.Closes());
  }
  CHECK(connections_open.value(Interface::kHttp) == 3);
  CHECK(RefusedInAll() == before + 1);
  CHECK(present.back().Ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  CHECK(present.back().Closes());
  present.pop_back();
  // The server notices the closed connection as soon as it reads its end.
  int status = 503;
  for (int tries = 0; tries < 1000 && status == 503; ++tries) {
    status = echo.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status;
  }
  CHECK(status == 200);
}

}  // namespace
}  // namespace muster::http
