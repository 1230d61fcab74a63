#include "net/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "catch.h"
#include "net/local_connections.h"

namespace muster::net {
namespace {

union AnyAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un unix_socket;
};

AnyAddress At(const char* text, int port = 7) {
  AnyAddress address = {};
  if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
    address.any.sa_family = AF_INET;
    address.v4.sin_port = htons(static_cast<in_port_t>(port));
    return address;
  }
  address = {};
  REQUIRE(inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1);
  address.any.sa_family = AF_INET6;
  address.v6.sin6_port = htons(static_cast<in_port_t>(port));
  return address;
}

AnyAddress Unix() {
  AnyAddress address = {};
  address.any.sa_family = AF_UNIX;
  return address;
}

TEST_CASE("A peer is shown as people write it, an IPv4 client of an IPv6 socket as IPv4") {
  CHECK(AddressOfPeer(At("10.0.0.7", 40312).any) == "10.0.0.7:40312");
  CHECK(AddressOfPeer(At("2001:db8::7", 1).any) == "[2001:db8::7]:1");
  CHECK(AddressOfPeer(At("::ffff:10.0.0.7", 1).any) == "10.0.0.7:1");
  CHECK(AddressOfPeer(Unix().any) == "unix:");
}

TEST_CASE("The source is an IPv4 address, or all addresses that one machine can have in IPv6") {
  const auto source = [](const char* text) { return Source::Of(At(text).any); };
  CHECK(source("10.0.0.7") == source("::ffff:10.0.0.7"));
  CHECK(source("10.0.0.7") != source("10.0.0.8"));
  CHECK(source("2001:db8:0:1::7") == source("2001:db8:0:1:ffff::8"));
  CHECK(source("2001:db8:0:1::7") != source("2001:db8:0:2::7"));
  CHECK(source("10.0.0.7") != source("a00:7::"));  // the same first bytes
  CHECK(source("10.0.0.7").ToString() == "10.0.0.7");
  CHECK(source("2001:db8:0:1::7").ToString() == "2001:db8:0:1::/64");
  CHECK(source("::1").ToString() == "::1");
  CHECK(Source::Of(Unix().any).ToString() == "unix:");
  CHECK_FALSE(Source::Of(Unix().any).known());
}

TEST_CASE("Loopback is known in each form") {
  const auto loopback = [](const char* text) { return Source::Of(At(text).any).loopback(); };
  CHECK(loopback("127.0.0.1"));
  CHECK(loopback("127.3.2.1"));
  CHECK(loopback("::1"));
  CHECK(loopback("::ffff:127.0.0.1"));
  CHECK_FALSE(loopback("10.0.0.1"));
  CHECK_FALSE(loopback("2001:db8::1"));
  CHECK_FALSE(Source::Of(Unix().any).loopback());
}

TEST_CASE("Our own connections are known while they are registered, and their number has a limit") {
  LocalConnections local;
  CHECK_FALSE(local.Has(0));
  for (int port = 1; port <= static_cast<int>(LocalConnections::kMost); ++port) CHECK(local.Add(port));
  CHECK_FALSE(local.Add(1000));
  CHECK(local.Has(7));
  CHECK_FALSE(local.Has(1000));
  local.Remove(7);
  CHECK_FALSE(local.Has(7));
  CHECK(local.Add(1000));
  CHECK(local.Has(1000));
}

}  // namespace
}  // namespace muster::net
