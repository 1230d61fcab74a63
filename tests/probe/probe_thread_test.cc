// The thread against a server that the test plays, in real time: with a timeout of 1 s it ticks every 50 ms.
#include "probe/probe_thread.h"

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "runtime/executor.h"
#include "runtime/real_clock.h"
#include "runtime/real_random.h"
#include "tests/catch.h"
#include "tests/probe/fake_server.h"
#include "tests/registry/flaky_store.h"

namespace muster::probe {
namespace {

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

Settings QuickSettings() {
  Settings settings;
  settings.heartbeat_timeout = absl::Seconds(1);
  return settings;
}

struct Fixture {
  Fixture() {
    thread.emplace(registry, clock, HttpTargets(server.listen(), nullptr));
    registry.Start(thread->SocketNames(), "boot");
    thread->Start();
  }
  ~Fixture() {
    thread.reset();
    executor.Stop();
  }

  /// The token of the next probe.
  std::string NextToken() {
    if (!server.HasClient()) server.Accept();
    const std::string heard = server.Heard();
    const std::string before = "{\"instanceId\":\"";
    const std::size_t begin = heard.find(before);
    REQUIRE(begin != std::string::npos);
    return heard.substr(begin + before.size(), 32);
  }
  /// Takes the probe as the daemon does.
  void Take(const std::string& token) {
    const auto taken = std::make_shared<absl::Notification>();
    registry.Probe(token, [taken](const WorkerError* /*error*/) { taken->Notify(); });
    REQUIRE(taken->WaitForNotificationWithTimeout(absl::Seconds(10)));
  }

  Disk disk;
  const RealClock clock;
  RealRandom random;
  ThreadedExecutor executor{clock};
  Registry registry{std::make_unique<FlakyStore>(disk), clock, random, executor, QuickSettings()};
  FakeServer server;
  std::optional<ProbeThread> thread;
};

TEST_CASE("each tick has its probe, and what this process answered is found by its token") {
  Fixture f;
  CHECK(f.thread->SocketNames() == std::vector{absl::StrCat("http ", f.server.listen().ToString())});
  std::string last;
  for (int i = 0; i < 3; ++i) {
    const std::string token = f.NextToken();
    CHECK(token != last);
    last = token;
    f.Take(token);
    f.server.Say(kOk);
  }
  f.NextToken();
  CHECK_FALSE(f.registry.TakeProbe(last));  // the prober has it
}

TEST_CASE("the daemon is ready once every socket has heard, and is not when one fails") {
  Fixture f;
  std::string token = f.NextToken();
  CHECK_FALSE(f.registry.Status().not_ready_because.empty());
  f.Take(token);
  f.server.Say(kOk);
  token = f.NextToken();
  CHECK(f.registry.Status().not_ready_because.empty());
  f.Take(token);
  f.server.Say("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  f.NextToken();
  CHECK(f.registry.Status().not_ready_because.find(absl::StrCat(
            "http ", f.server.listen().ToString(), " (answered HTTP 503)")) != std::string::npos);
}

TEST_CASE("an answer of another process proves nothing") {
  Fixture f;
  f.NextToken();
  f.server.Say(kOk);
  f.NextToken();
  CHECK(f.registry.Status().not_ready_because.find("another process answered") != std::string::npos);
}

TEST_CASE("the first answers of all sockets can be waited for") {
  Fixture f;
  const std::string token = f.NextToken();
  CHECK_FALSE(f.thread->AwaitFirstAnswers(absl::ZeroDuration()));
  f.Take(token);
  f.server.Say(kOk);
  CHECK(f.thread->AwaitFirstAnswers(absl::Seconds(10)));
}

TEST_CASE("a stop does not wait for a server that does not answer") {
  Fixture f;
  const std::string token = f.NextToken();
  if (GENERATE(false, true)) {
    f.Take(token);
    f.server.Say(kOk);
    f.NextToken();
  }
  f.thread->Stop();
  CHECK(f.server.Heard().empty());  // the connection is closed
  f.thread->Stop();
}

}  // namespace
}  // namespace muster::probe
