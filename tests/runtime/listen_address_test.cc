#include "runtime/listen_address.h"

#include "catch.h"

namespace muster {
namespace {

TEST_CASE("Addresses are written as they are read") {
  for (const char* text :
       {"127.0.0.1:50051", "localhost:0", "[::1]:65535", "0.0.0.0:1", "unix:/run/muster.sock"}) {
    INFO(text);
    const auto address = ListenAddress::Parse(text);
    REQUIRE(address.ok());
    CHECK(address->ToString() == text);
  }
}

TEST_CASE("Text that is not an address is refused with an example") {
  for (const char* text :
       {"", "50051", ":50051", "nowhere", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
        "127.0.0.1:5x", "::1:50051", "[::1]", "[]:1", "[::1:1", "http://a:1", "unix:"}) {
    INFO(text);
    const auto address = ListenAddress::Parse(text);
    REQUIRE_FALSE(address.ok());
    CHECK(address.status().message().find("127.0.0.1:50051") != std::string::npos);
  }
}

TEST_CASE("Only this machine reaches a loopback address") {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1", "unix:/x"}) {
    CHECK(ListenAddress::Parse(text)->Loopback());
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "10.0.0.7:1", "muster.example:1"}) {
    CHECK_FALSE(ListenAddress::Parse(text)->Loopback());
  }
}

}  // namespace
}  // namespace muster
