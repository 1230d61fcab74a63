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

TEST_CASE("A thousand idle clients and a hundred slow senders delay no other client") {
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
  std::atomic<bool> sends = false;
  std::thread sender([&slow, &ended, &sends] {
    const std::string_view request = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n";
    for (std::size_t i = 0; !ended;) {
      const bool send = sends && i + 5 < request.size();
      for (RawClient& client : slow) client.SendSome(send ? request.substr(i, 1) : "");
      if (send) ++i;
      std::this_thread::yield();
    }
  });
  const RealClock clock;
  RawClient quick = echo.Connect();
  // Of ten requests, nine take no longer.
  const auto nine_of_ten = [&](int requests) {
    std::vector<absl::Duration> took;
    for (int i = 0; i < requests; ++i) {
      const absl::Duration begun = clock.MonotonicNow();
      REQUIRE(quick.Ask("GET /quick HTTP/1.1\r\nHost: h\r\n\r\n"));
      took.push_back(clock.MonotonicNow() - begun);
    }
    std::sort(took.begin(), took.end());
    return took[took.size() * 9 / 10];
  };
  const absl::Duration usual = nine_of_ten(100);  // while the others send nothing; their thread is as busy
  sends = true;
  const absl::Duration beside_the_slow = nine_of_ten(300);
  ended = true;
  sender.join();
  // Do not check the slowest: this machine has other work. If a slow client delayed this one, nearly all
  // requests would take long.
  CHECK(beside_the_slow < std::max(absl::Milliseconds(50), 10 * usual));
  for (RawClient& client : idle) {
    const auto still = client.Ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(still);
  }
}

}  // namespace
}  // namespace muster::http
