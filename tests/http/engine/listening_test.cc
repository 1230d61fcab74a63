#include "http/engine/listening.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "echo.h"

namespace muster::http {
namespace {

struct Directory {
  Directory() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~Directory() { ::rmdir(path.c_str()); }
  std::string path = "/tmp/muster-http-XXXXXX";
};

auto ListenAt(const ListenAddress& address, EchoServer& echo) {
  return HttpServer::Listen({address, {}, {}}, echo.clock, echo.handler);
}

TEST_CASE("A port that is in use is refused, and the message says so") {
  EchoServer echo;
  const auto second = ListenAt(echo.server->address(), echo);
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().message().find(echo.server->address().ToString()) != std::string::npos);
  CHECK(second.status().message().find("in use") != std::string::npos);
}

TEST_CASE("A name that does not exist is refused with the reason") {
  EchoServer echo;
  const auto nowhere = ListenAt(*ListenAddress::Parse("muster.invalid:1"), echo);
  REQUIRE_FALSE(nowhere.ok());
  CHECK(nowhere.status().message().find("muster.invalid:1: ") != std::string::npos);
}

TEST_CASE("A name with several addresses has one port on all of them") {
  EchoServer echo;
  const auto server = ListenAt(*ListenAddress::Parse("localhost:0"), echo);
  REQUIRE(server.ok());
  CHECK((*server)->address().port != 0);
  RawClient client((*server)->address());
  CHECK(client.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n")->status == 200);
}

TEST_CASE("A unix socket serves, replaces one that an ended process left, and is removed at the end") {
  const Directory directory;
  EchoServer echo;
  const auto address = ListenAddress::Parse(absl::StrCat("unix:", directory.path, "/s"));
  const std::string path = address->unix_path;
  {
    ListenAddress left = *address;
    const auto sockets = ListenOn(left);
    REQUIRE(sockets.ok());
    ::close(sockets->front().socket);
  }
  const auto server = ListenAt(*address, echo);
  REQUIRE(server.ok());
  RawClient client((*server)->address());
  CHECK(client.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n")->status == 200);
  CHECK(echo.handler.last().peer == "unix:");
  CHECK_FALSE(ListenAt(*address, echo).ok());  // a server listens on this one
  (*server)->Shutdown(absl::ZeroDuration());
  CHECK(::access(path.c_str(), F_OK) != 0);
}

}  // namespace
}  // namespace muster::http
