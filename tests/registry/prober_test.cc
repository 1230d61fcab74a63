// Which probes are sent, when, and what their answers prove.
#include "registry/prober.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "registry/answered_probes.h"
#include "runtime/executor.h"
#include "runtime/log.h"
#include "runtime/manual_clock.h"
#include "runtime/real_random.h"
#include "tests/catch.h"
#include "tests/registry/flaky_store.h"

namespace muster {
namespace {

/// A socket whose daemon answers when the test wants it to.
struct Socket final : ProbeTarget {
  explicit Socket(std::string called) : name_(std::move(called)) {}
  const std::string& name() const override { return name_; }
  void Send(std::string_view probe_id, std::string_view token, bool fresh, Answered answered) override {
    REQUIRE(waiting == nullptr);
    ++sent;
    if (fresh) ++fresh_connections;
    last_id = probe_id;
    last_token = token;
    waiting = std::move(answered);
  }
  void GiveUp() override {
    ++given_up;
    waiting = nullptr;
  }
  void Answer(std::optional<std::string> failure = std::nullopt) {
    std::exchange(waiting, nullptr)(std::move(failure));
  }

  const std::string name_;
  Answered waiting;
  int sent = 0;
  int fresh_connections = 0;
  int given_up = 0;
  std::string last_id;
  std::string last_token;
};

/// A prober of two sockets.
struct Fixture {
  Fixture() {
    std::vector<std::unique_ptr<ProbeTarget>> targets;
    for (Socket** socket : {&grpc, &http}) {
      auto made = std::make_unique<Socket>(socket == &grpc ? "grpc" : "http");
      *socket = made.get();
      targets.push_back(std::move(made));
    }
    ConfigureLog(LogFormat::kText, LogLevel::kError);
    prober.emplace(registry, clock, std::move(targets));
    registry.Start(prober->SocketNames(), "boot");
    executor.RunUntilIdle();
  }
  /// The daemon takes the probe of the socket, and answers it.
  void Take(const Socket& socket) {
    REQUIRE(registry.IsProbe(socket.last_id));
    registry.Probe(socket.last_token, [this](const WorkerError* error) { ok = error == nullptr; });
    executor.RunUntilIdle();
  }
  /// The time of a tick passes.
  void Tick() {
    clock.Advance(absl::Seconds(1));
    executor.RunUntilIdle();
    next = prober->Tick();
  }

  Disk disk;
  ManualClock clock;
  RealRandom random;
  ManualExecutor executor{clock};
  Registry registry{std::make_unique<FlakyStore>(disk), clock, random, executor, Settings()};
  Socket* grpc = nullptr;
  Socket* http = nullptr;
  std::optional<Prober> prober;
  absl::Duration next;
  std::optional<bool> ok;
};

TEST_CASE("each idle socket is probed at every tick, one probe at a time") {
  Fixture f;
  f.Tick();
  CHECK(f.next - f.clock.MonotonicNow() == absl::Seconds(1));
  CHECK(f.grpc->sent == 1);
  CHECK(f.http->sent == 1);
  CHECK(f.grpc->last_token != f.http->last_token);
  f.Take(*f.grpc);
  CHECK(f.ok == true);
  f.grpc->Answer();
  f.Tick();
  CHECK(f.grpc->sent == 2);
  CHECK(f.http->sent == 1);
}

TEST_CASE("a probe opens a fresh connection once in a while") {
  Fixture f;
  for (int tick = 0; tick < 30; ++tick) {
    f.Tick();
    for (Socket* socket : {f.grpc, f.http}) {
      f.Take(*socket);
      socket->Answer();
    }
  }
  CHECK(f.grpc->sent == 30);
  CHECK(f.grpc->fresh_connections == 3);  // a twelfth of two minutes is 10 s
}

TEST_CASE("a probe that is not answered in time is given up, and the next one is sent at once") {
  Fixture f;
  for (int tick = 0; tick < 11; ++tick) f.Tick();
  CHECK(f.grpc->sent == 1);
  CHECK(f.grpc->given_up == 0);
  f.Tick();
  CHECK(f.grpc->given_up == 1);
  CHECK(f.grpc->sent == 2);
}

TEST_CASE("the id of the probe is that of no worker, and the next process has another one") {
  Fixture f;
  Fixture other;
  CHECK(f.registry.probe_id().size() == 39);
  CHECK(f.registry.probe_id().starts_with("~probe~"));
  CHECK(f.registry.probe_id() != other.registry.probe_id());
  CHECK(f.registry.IsProbe(f.registry.probe_id()));
  CHECK_FALSE(f.registry.IsProbe(other.registry.probe_id()));
  CHECK_FALSE(f.registry.IsProbe("worker"));
  CHECK_FALSE(f.registry.IsProbe(""));
}

TEST_CASE("a token proves one answer of this process, and few are remembered") {
  AnsweredProbes probes;
  for (int i = 0; i < 100; ++i) probes.Add(absl::StrCat(i));
  CHECK(probes.Take("99"));
  CHECK_FALSE(probes.Take("99"));
  CHECK(probes.Take("40"));
  CHECK_FALSE(probes.Take("3"));
}

}  // namespace
}  // namespace muster
