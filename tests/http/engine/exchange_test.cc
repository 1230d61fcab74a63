// Requests and answers, one after the other, as HTTP/1.1 defines them.
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "echo.h"

namespace muster::http {
namespace {

void AwaitGone(const Answer& answer) {
  while (!answer.gone()->load()) std::this_thread::yield();
}

TEST_CASE("A complete request reaches the handler, and the answer reaches the client") {
  EchoServer echo;
  RawClient client = echo.Connect();
  const auto answer = client.Ask(
      "POST /a%2Fb//c?x=1&y=a+b%26 HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx-one:  2 \r\nContent-Length: "
      "5\r\n\r\nhello");
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body == "POST\n/a%2Fb//c\nx=1\ny=a b&\nhello");
  CHECK(answer->Header("Content-Type") == "text/plain");
  CHECK(answer->Header("Server") == "muster");
  CHECK(answer->Header("Date") == "Tue, 14 Nov 2023 22:13:20 GMT");  // the clock of the test
  CHECK(answer->Header("x-one") == "1, 2");
  const Request seen = echo.handler.last();
  CHECK(seen.target == "/a%2Fb//c?x=1&y=a+b%26");
  CHECK(seen.segments == std::vector<std::string>{"a/b", "", "c"});
  CHECK(seen.peer == client.Local());
  CHECK(seen.Header("HOST") == "h");
  CHECK_FALSE(seen.HasHeader("x-two"));
}

TEST_CASE("The Date header follows the clock") {
  EchoServer echo;
  echo.clock.Advance(absl::Seconds(61));
  CHECK(echo.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").Header("Date") == "Tue, 14 Nov 2023 22:14:21 GMT");
}

TEST_CASE("A connection is kept open, and closed when the client asks for it") {
  EchoServer echo;
  RawClient client = echo.Connect();
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(answer);
    CHECK(answer->Header("Connection").empty());
  }
  const auto last = client.Ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  REQUIRE(last);
  CHECK(last->Header("Connection") == "close");
  CHECK(client.Closes());
}

TEST_CASE("With HTTP/1.0 a connection is closed, unless the client asks to keep it") {
  EchoServer echo;
  RawClient client = echo.Connect();
  const auto kept = client.Ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  REQUIRE(kept);
  CHECK(kept->Header("Connection") == "keep-alive");
  const auto last = client.Ask("GET / HTTP/1.0\r\n\r\n");
  REQUIRE(last);
  CHECK(last->Header("Connection") == "close");
  CHECK(client.Closes());
}

TEST_CASE("Requests sent ahead are answered in order, even if the first answer is late") {
  EchoServer echo;
  RawClient client = echo.Connect();
  std::string ahead = "GET /late HTTP/1.1\r\nHost: h\r\n\r\n";
  constexpr int kAhead = 3000;
  for (int i = 0; i < kAhead; ++i) absl::StrAppend(&ahead, "GET /", i, " HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(client.Send(ahead));
  Response late;
  late.body = "late";
  echo.handler.TakeLate(1).front()(late);
  auto answer = client.Receive();
  REQUIRE(answer);
  CHECK(answer->body == "late");
  for (int i = 0; i < kAhead; ++i) {
    answer = client.Receive();
    REQUIRE(answer);
    REQUIRE(answer->body == absl::StrCat("GET\n/", i, "\n"));
  }
}

TEST_CASE("HEAD has the headers of GET, and no body") {
  EchoServer echo;
  RawClient client = echo.Connect();
  client.Send("HEAD /big?2000 HTTP/1.1\r\nHost: h\r\n\r\nGET /big?2000 HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto head = client.Receive(true);
  const auto get = client.Receive();
  REQUIRE(head);
  REQUIRE(get);
  CHECK(head->status == 200);
  CHECK(head->Header("Content-Length") == "2000");
  CHECK(get->body.size() == 2000);
  for (const auto& [name, value] : get->headers) {
    if (name != "X-Request-Id") CHECK(head->Header(name) == value);
  }
}

TEST_CASE("Chunks become one body, however the bytes are split") {
  EchoServer echo;
  const std::string request =
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "5;ext=\"v\"\r\nhello\r\n00006\r\n world\r\n0\r\nTrailer: t\r\n\r\n";
  RawClient client = echo.Connect();
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.Ask(request);
    REQUIRE(answer);
    CHECK(answer->body == "POST\n/\nhello world");
  }
  for (const char byte : request) REQUIRE(client.Send({&byte, 1}));
  const auto answer = client.Receive();
  REQUIRE(answer);
  CHECK(answer->body == "POST\n/\nhello world");
  CHECK_FALSE(echo.handler.last().HasHeader("trailer"));
}

TEST_CASE("A body of chunks may be empty, and come byte by byte") {
  EchoServer echo;
  RawClient client = echo.Connect();
  RawClient other = echo.Connect();
  REQUIRE(client.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
  for (const char byte : std::string("0\r\nTrailer: t\r\n\r\n")) {
    REQUIRE(client.Send({&byte, 1}));
    // Whoever asks later is answered later: the server has taken the byte.
    REQUIRE(other.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  }
  const auto answer = client.Receive();
  REQUIRE(answer);
  CHECK(answer->body == "POST\n/\n");
}

TEST_CASE("A client that waits before it sends the body gets 100 Continue") {
  EchoServer echo;
  RawClient client = echo.Connect();
  const auto go_on =
      client.Ask("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  REQUIRE(go_on);
  CHECK(go_on->status == 100);
  auto answer = client.Ask("ok");
  REQUIRE(answer);
  CHECK(answer->body == "PUT\n/\nok");
  // A client that did not wait does not get it.
  answer = client.Ask("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok");
  REQUIRE(answer);
  CHECK(answer->status == 200);
}

TEST_CASE("A request keeps the id of its client; without a usable id it gets a new one") {
  EchoServer echo;
  const auto ask = [&echo](std::string_view headers) {
    const std::string id =
        echo.Ask(absl::StrCat("GET / HTTP/1.1\r\nHost: h\r\n", std::string(headers), "\r\n"))
            .Header("X-Request-Id");
    CHECK(echo.handler.last().request_id == id);
    return id;
  };
  CHECK(ask("X-Request-Id: deploy-17!\r\n") == "deploy-17!");
  CHECK(ask(absl::StrCat("X-Request-Id: ", std::string(128, 'a'), "\r\n")) == std::string(128, 'a'));
  std::set<std::string> own;
  own.insert(ask(""));
  own.insert(ask("X-Request-Id: two words\r\n"));
  own.insert(ask("X-Request-Id: \xC3\xA9\r\n"));
  own.insert(ask("X-Request-Id: one\r\nX-Request-Id: two\r\n"));
  own.insert(ask(absl::StrCat("X-Request-Id: ", std::string(129, 'a'), "\r\n")));
  CHECK(own.size() == 5);
  for (const std::string& id : own) CHECK(id.size() > 8);
}

TEST_CASE("An empty line before a request, and a complete URL as its target, are accepted") {
  EchoServer echo;
  CHECK(echo.Ask("\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n").body == "GET\n/a\n");
  CHECK(echo.Ask("GET http://h:1/a?b=c HTTP/1.1\r\nHost: h:1\r\n\r\n").body == "GET\n/a\nb=c\n");
  CHECK(echo.Ask("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").body == "OPTIONS\n*\n");
  CHECK(echo.Ask("BREW /a HTTP/1.1\r\nHost: h\r\n\r\n").body == "BREW\n/a\n");
}

TEST_CASE("A client that stops sending after its request is answered") {
  EchoServer echo;
  RawClient client = echo.Connect();
  client.Send("GET /late HTTP/1.1\r\nHost: h\r\n\r\n");
  client.EndSending();
  std::vector<Answer> late = echo.handler.TakeLate(1);
  AwaitGone(late.front());  // the server cannot see the difference
  late.front()(Response());
  const auto answer = client.Receive();
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(client.Closes());
}

TEST_CASE("An answer may have no body; a header that would break the answer is left out") {
  EchoServer echo;
  RawClient client = echo.Connect();
  client.Send("GET /late HTTP/1.1\r\nHost: h\r\n\r\nGET /late HTTP/1.1\r\nHost: h\r\n\r\n");
  Response nothing;
  nothing.status = 204;
  nothing.body = "not to be sent";
  nothing.headers = {{"X-Bad", "a\r\nX-Worse: b"}, {"X-Good", "c"}};
  echo.handler.TakeLate(1).front()(nothing);
  auto answer = client.Receive();
  REQUIRE(answer);
  CHECK(answer->status == 204);
  CHECK(answer->AllOf("Content-Length").empty());
  CHECK(answer->AllOf("X-Bad").empty());
  CHECK(answer->AllOf("X-Worse").empty());
  CHECK(answer->Header("X-Good") == "c");
  Response empty;
  empty.status = 409;
  echo.handler.TakeLate(1).front()(empty);
  answer = client.Receive();
  REQUIRE(answer);
  CHECK(answer->status == 409);
  CHECK(answer->Header("Content-Length") == "0");
}

TEST_CASE("While a request is under way, the handler can see whether its client is gone") {
  EchoServer echo;
  constexpr char kLate[] = "GET /late HTTP/1.1\r\nHost: h\r\n\r\n";
  std::optional<RawClient> leaves = echo.Connect();
  leaves->Send(kLate);
  std::vector<Answer> left = echo.handler.TakeLate(1);
  RawClient stays = echo.Connect();
  stays.Send(kLate);
  std::vector<Answer> late = echo.handler.TakeLate(1);
  CHECK_FALSE(left.front().gone()->load());
  leaves.reset();
  AwaitGone(left.front());
  left.front()(Response());
  CHECK_FALSE(late.front().gone()->load());
  late.front()(Response());
  REQUIRE(stays.Receive());
  // Another request on the same connection.
  stays.Send(kLate);
  late = echo.handler.TakeLate(1);
  CHECK_FALSE(late.front().gone()->load());
  late.front()(Response());
  REQUIRE(stays.Receive());
}

}  // namespace
}  // namespace muster::http
