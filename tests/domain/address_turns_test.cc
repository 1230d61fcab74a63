#include "domain/address_turns.h"

#include <string>

#include "catch.h"

namespace muster {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(120);

Worker Registered(std::string id, std::string from = "10.0.0.1:1") {
  Worker worker;
  worker.id = std::move(id);
  worker.instance_id = "a";
  worker.registered_from = std::move(from);
  return worker;
}

struct Fixture {
  Worker worker = Registered("w");
  AddressTurns turns;
  ListeningTime now = ListeningTime::FromMicros(5'000'000);

  // The other host, or "".
  std::string Heard(std::string_view peer, absl::Duration after = absl::Seconds(20)) {
    now = now + after;
    return std::string(turns.Heard(worker, peer, now, kTimeout).value_or(""));
  }
};

TEST_CASE("an address without its port is a host") {
  CHECK(HostOf("10.0.0.1:4242") == "10.0.0.1");
  CHECK(HostOf("[fe80::1]:4242") == "[fe80::1]");
  CHECK(HostOf("unix:/run/x") == HostOf("unix:"));
  CHECK(HostOf("somewhere") == "somewhere");
  CHECK(HostOf("").empty());
}

TEST_CASE("two hosts in turns are told at the third turn, and again at each heartbeat that follows") {
  Fixture f;
  CHECK(f.Heard("10.0.0.1:1").empty());
  CHECK(f.Heard("10.0.0.2:1").empty());
  CHECK(f.Heard("10.0.0.1:1").empty());
  CHECK(f.Heard("10.0.0.2:9").empty());
  CHECK(f.Heard("10.0.0.1:1") == "10.0.0.2");
  CHECK(f.Heard("10.0.0.1:1") == "10.0.0.2");  // a decision that is made again says the same
  CHECK(f.Heard("10.0.0.2:1") == "10.0.0.1");
}

TEST_CASE("it does not matter whether the worker was registered from one of the two") {
  Fixture f;
  f.worker = Registered("w", "192.0.2.1:1");
  for (const char* host : {"[::1]:1", "[::2]:1", "[::1]:2", "[::2]:2"}) CHECK(f.Heard(host).empty());
  CHECK(f.Heard("[::1]:1") == "[::2]");
  f.worker = Registered("another", "");
  for (const char* host : {"[::1]:1", "[::2]:1", "[::1]:2", "[::2]:2"}) CHECK(f.Heard(host).empty());
  CHECK(f.Heard("[::1]:1") == "[::2]");
}

TEST_CASE("turns that take longer than a timeout are one process that moves to and fro") {
  Fixture f;
  for (int i = 0; i < 50; ++i) {
    CHECK(f.Heard(i % 2 == 0 ? "10.0.0.2:1" : "10.0.0.1:1", kTimeout / 2 + absl::Microseconds(1)).empty());
  }
  // A little faster is a clone.
  for (int i = 0; i < 2; ++i) (void)f.Heard(i % 2 == 0 ? "10.0.0.2:1" : "10.0.0.1:1", kTimeout / 2);
  CHECK_FALSE(f.Heard("10.0.0.2:1", kTimeout / 2).empty());
}

TEST_CASE("one process with many addresses is no clone") {
  Fixture f;
  for (int i = 0; i < 200; ++i) CHECK(f.Heard("10.0.1." + std::to_string(i % 3) + ":1").empty());
}

TEST_CASE("an unknown address means nothing") {
  Fixture f;
  for (int i = 0; i < 20; ++i) CHECK(f.Heard(i % 2 == 0 ? "" : "10.0.0.1:1").empty());
}

TEST_CASE("another registration begins anew") {
  Fixture f;
  for (const char* host : {"10.0.0.2:1", "10.0.0.1:1", "10.0.0.2:1"}) CHECK(f.Heard(host).empty());
  f.worker.instance_id = "b";
  CHECK(f.Heard("10.0.0.1:1").empty());
}

TEST_CASE(
    "more workers than the table holds: it stays as large as it is, and a clone is found all the same") {
  Fixture f;
  constexpr int kMany = 40'000;
  int rounds = 0;
  std::string found;
  for (; rounds < 100 && found.empty(); ++rounds) {
    for (int i = 0; i < kMany; ++i) {  // they were registered from elsewhere, and never move
      CHECK_FALSE(f.turns.Heard(Registered("other-" + std::to_string(i)), "10.9.9.9:1", f.now, kTimeout));
    }
    for (const char* host : {"10.0.0.2:1", "10.0.0.3:1"}) {
      found += f.Heard(host, absl::Seconds(20));
    }
  }
  CHECK(found.substr(0, 7) == "10.0.0.");
}

}  // namespace
}  // namespace muster
