// Where a server listens.
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

TEST_CASE("A name with several addresses has one port on all of them") {
  EchoServer echo;
  const auto server = ListenAt(*ListenAddress::Parse("localhost:0"), echo);
  REQUIRE(server.ok());
  CHECK((*server)->address().port != 0);
  RawClient client((*server)->address());
  CHECK(client.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n")->status == 200);
}

TEST_CASE("A unix socket serves, and is removed at the end") {
  const Directory directory;
  EchoServer echo;
  const auto address = ListenAddress::Parse(absl::StrCat("unix:", directory.path, "/s"));
  const auto server = ListenAt(*address, echo);
  REQUIRE(server.ok());
  RawClient client((*server)->address());
  CHECK(client.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n")->status == 200);
  CHECK(echo.handler.last().peer == "unix:");
  CHECK_FALSE(ListenAt(*address, echo).ok());  // a server listens on this one
  (*server)->Shutdown(absl::ZeroDuration());
  CHECK(::access(address->unix_path.c_str(), F_OK) != 0);
}

}  // namespace
}  // namespace muster::http
