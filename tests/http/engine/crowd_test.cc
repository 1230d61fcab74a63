#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "catch.h"
#include "echo.h"
#include "runtime/real_clock.h"

namespace muster::http {
namespace {

TEST_CASE("A thousand who wait and a hundred who dribble hold nobody up") {
  EchoServer echo;
  std::vector<RawClient> idle;
  idle.reserve(1000);
  for (int i = 0; i < 1000; ++i) idle.push_back(echo.Connect());
  for (RawClient& client : idle) REQUIRE(client.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  for (RawClient& client : idle) REQUIRE(client.Receive());
  std::vector<RawClient> slow;
  slow.reserve(100);
  for (int i = 0; i < 100; ++i) slow.push_back(echo.Connect());

  std::atomic<bool> ended = false;
  std::thread dribble([&slow, &ended] {
    const std::string_view request = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n";
    for (std::size_t i = 0; !ended; ++i) {
      for (RawClient& client : slow) client.SendSome(i + 5 < request.size() ? request.substr(i, 1) : "");
      std::this_thread::yield();
    }
  });
  const RealClock clock;
  RawClient quick = echo.Connect();
  std::vector<absl::Duration> took;
  for (int i = 0; i < 300; ++i) {
    const absl::Duration begun = clock.MonotonicNow();
    REQUIRE(quick.Ask("GET /quick HTTP/1.1\r\nHost: h\r\n\r\n"));
    took.push_back(clock.MonotonicNow() - begun);
  }
  ended = true;
  dribble.join();
  // Not the worst: this machine has other things to do. Held up by one of the slow, nearly all would take
  // long.
  std::sort(took.begin(), took.end());
  CHECK(took[took.size() * 9 / 10] < absl::Milliseconds(50));
  for (RawClient& client : idle) {
    const auto still = client.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(still);
  }
}

}  // namespace
}  // namespace muster::http
