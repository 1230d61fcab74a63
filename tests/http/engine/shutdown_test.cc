#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "echo.h"

namespace muster::http {
namespace {

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr char kGetLate[] = "GET /late HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_CASE("A drain closes idle connections at once, and others after their answers") {
  EchoServer echo;
  RawClient idle = echo.Connect();
  REQUIRE(idle.Ask(kGet));
  RawClient working = echo.Connect();
  working.Send(kGetLate);
  std::vector<Answer> late = echo.handler.TakeLate(1);
  echo.server->Drain();
  CHECK(idle.Closes());
  late.front()(Response());
  const auto answer = working.Receive();
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->Header("Connection") == "close");
  CHECK(working.Closes());
  // New connections still get answers of the handler.
  RawClient fresh = echo.Connect();
  const auto told = fresh.Ask(kGet);
  REQUIRE(told);
  CHECK(told->Header("Connection") == "close");
  CHECK(fresh.Closes());
}

TEST_CASE("A shutdown waits for the answers under way") {
  EchoServer echo;
  RawClient client = echo.Connect();
  client.Send(kGetLate);
  std::vector<Answer> late = echo.handler.TakeLate(1);
  RawClient idle = echo.Connect();
  REQUIRE(idle.Ask(kGet));
  std::thread stopping([&echo] { echo.server->Shutdown(absl::InfiniteDuration()); });
  CHECK(idle.Closes());  // the shutdown has begun
  Response response;
  response.body = std::string(10 << 20, 'x');
  late.front()(response);
  const auto answer = client.Receive();
  REQUIRE(answer);
  CHECK(answer->body.size() == response.body.size());
  CHECK(client.Closes());
  stopping.join();
}

TEST_CASE("After the grace all other connections are closed, and late answers are dropped") {
  std::vector<Answer> late;
  {
    EchoServer echo;
    RawClient one = echo.Connect();
    RawClient other = echo.Connect();
    RawClient half = echo.Connect();
    one.Send(kGetLate);
    other.Send(kGetLate);
    half.Send("GET /ha");
    late = echo.handler.TakeLate(2);
    echo.server->Shutdown(absl::Milliseconds(1));
    CHECK(one.Closes());
    CHECK(half.Closes());
    late.back()(Response());
    late.pop_back();
  }
  late.front()(Response());  // the server itself is gone
}

TEST_CASE("An answer to a client that left, and a second answer, have no effect on others") {
  EchoServer echo;
  {
    RawClient gone = echo.Connect();
    gone.Send(kGetLate);
    std::vector<Answer> late = echo.handler.TakeLate(1);
    { const RawClient closed = std::move(gone); }
    Response big;
    big.body = std::string(10 << 20, 'x');
    late.front()(big);
  }
  RawClient client = echo.Connect();
  client.Send(absl::StrCat(kGetLate, kGet));
  std::vector<Answer> late = echo.handler.TakeLate(1);
  late.front()(Response());
  CHECK(client.Receive()->body.empty());
  CHECK(client.Receive()->body == "GET\n/\n");
  // The next request does not get it either.
  client.Send(kGetLate);
  std::vector<Answer> next = echo.handler.TakeLate(1);
  Response wrong;
  wrong.body = "wrong";
  late.front()(wrong);
  next.front()(Response());
  CHECK(client.Receive()->body.empty());
  CHECK(client.Ask(kGet)->body == "GET\n/\n");
}

TEST_CASE("After a shutdown no connection is accepted; a second shutdown changes nothing") {
  EchoServer echo;
  const ListenAddress address = echo.server->address();
  echo.server->Shutdown(absl::ZeroDuration());
  echo.server->Shutdown(absl::ZeroDuration());
  echo.server->Drain();
  EchoServer other;  // the port is free again
  const auto again = HttpServer::Listen({address, {}, {}}, other.clock, other.handler);
  REQUIRE(again.ok());
  RawClient client((*again)->address());
  CHECK(client.Ask(kGet)->status == 200);
}

TEST_CASE("Answers may come from many threads at once, also while the server stops") {
  EchoServer echo;
  std::vector<RawClient> clients;
  constexpr std::size_t kClients = 40;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(echo.Connect());
    clients.back().Send(kGetLate);
  }
  std::vector<Answer> late = echo.handler.TakeLate(kClients);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&late, i] {
      for (std::size_t k = i; k < kClients; k += 4) late[k](Response());
    });
  }
  echo.server->Shutdown(absl::Seconds(60));
  for (std::thread& thread : threads) thread.join();
  for (RawClient& client : clients) CHECK(client.Receive()->status == 200);
}

}  // namespace
}  // namespace muster::http
