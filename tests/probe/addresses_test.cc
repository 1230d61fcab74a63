// Where the sockets of this process are reached.
#include <netinet/in.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "probe/socket_address.h"
#include "tests/catch.h"
#include "tests/probe/fake_server.h"

namespace muster::probe {
namespace {

std::vector<std::string> Found(const ListenAddress& address) {
  std::vector<std::string> found;
  for (const SocketAddress& each : OwnAddresses(address)) found.push_back(each.text);
  return found;
}

TEST_CASE("a wildcard is reached on the loopback of each family that listens") {
  const FakeServer v4("0.0.0.0:0");
  CHECK(Found(v4.listen()) == std::vector{absl::StrCat("127.0.0.1:", v4.listen().port)});
  const FakeServer both("[::]:0");
  const int port = both.listen().port;
  CHECK(Found(both.listen()) == std::vector{absl::StrCat("[::1]:", port), absl::StrCat("127.0.0.1:", port)});
}

TEST_CASE("a wildcard of IPv6 alone is reached on IPv6 alone") {
  const FakeServer v6("[::]:0", FakeServer::Families::kV6Only);
  CHECK(Found(v6.listen()) == std::vector{absl::StrCat("[::1]:", v6.listen().port)});
}

TEST_CASE("an address is reached as it is") {
  const FakeServer v4("127.0.0.2:0");
  CHECK(Found(v4.listen()) == std::vector{absl::StrCat("127.0.0.2:", v4.listen().port)});
  const FakeServer v6("[::1]:0");
  CHECK(Found(v6.listen()) == std::vector{absl::StrCat("[::1]:", v6.listen().port)});
  CHECK(Found({"", 0, "/some/path"}) == std::vector<std::string>{"unix:/some/path"});
}

TEST_CASE("a name is reached where a socket listens, for no other address that it has") {
  const FakeServer v4("127.0.0.1:0");
  const int port = v4.listen().port;
  CHECK(Found({"localhost", port, ""}) == std::vector{absl::StrCat("127.0.0.1:", port)});
}

TEST_CASE("a socket that listens elsewhere is none of this address") {
  const FakeServer v4("127.0.0.1:0");
  const FakeServer mapped("[::ffff:127.0.0.3]:0");
  CHECK(Found({"127.0.0.3", mapped.listen().port, ""}) ==
        std::vector{absl::StrCat("127.0.0.3:", mapped.listen().port)});
  // No socket listens there: then it is probed as it is, and the probes say so.
  CHECK(Found({"127.0.0.9", v4.listen().port, ""}) ==
        std::vector{absl::StrCat("127.0.0.9:", v4.listen().port)});
  CHECK(Found({"no.such.name.invalid", 1, ""}).empty());
  CHECK(Found({"", 0, std::string(200, 'x')}).empty());
}

}  // namespace
}  // namespace muster::probe
