#include "rpc/convert.h"

#include "catch.h"

namespace muster::rpc {
namespace {

TEST_CASE("Peers read as addresses") {
  CHECK(AddressOfPeer("ipv4:127.0.0.1:40312") == "127.0.0.1:40312");
  CHECK(AddressOfPeer("ipv6:[::1]:40312") == "[::1]:40312");
  CHECK(AddressOfPeer("ipv6:%5B::1%5D:40312") == "[::1]:40312");
  CHECK(AddressOfPeer("ipv6:%5bfe80::1%25eth0%5d:7") == "[fe80::1%eth0]:7");
  CHECK(AddressOfPeer("unix:") == "unix:");
  CHECK(AddressOfPeer("unix:/run/client.sock") == "unix:");  // a name that the client gave itself
  CHECK(AddressOfPeer("unix-abstract:127.0.0.1:7") == "unix:");
  CHECK(AddressOfPeer("inproc") == "inproc");
  CHECK(AddressOfPeer("") == "");
}

TEST_CASE("A percent sign that begins no escape stays") {
  CHECK(AddressOfPeer("ipv6:[fe80::1]:100%") == "[fe80::1]:100%");
  CHECK(AddressOfPeer("ipv6:[fe80::1%zz]:1") == "[fe80::1%zz]:1");
  CHECK(AddressOfPeer("ipv6:[fe80::1]:1%4") == "[fe80::1]:1%4");
}

}  // namespace
}  // namespace muster::rpc
