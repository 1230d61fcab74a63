#include "registry/read_pool.h"

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/manual_clock.h"
#include "runtime/real_random.h"
#include "tests/catch.h"
#include "tests/store/hanging_reads.h"
#include "tests/store/test_runtime.h"

namespace muster {
namespace {

/// A pool whose reads pass a turnstile. Its clock stands still unless the test moves it.
struct Fixture {
  explicit Fixture(int threads = 1)
      : pool(std::make_unique<ReadPool>(reads, clock, random, threads, kMaxWait)) {}
  ~Fixture() { reads.turnstile.Open(); }

  /// Keeps all threads busy.
  void Fill(int threads = 1) {
    reads.turnstile.Close();
    const int before = reads.turnstile.held();
    for (int i = 0; i < threads; ++i) Ask();
    while (reads.turnstile.held() < before + threads) std::this_thread::yield();
  }
  void Ask(ReadCaller caller = {}) {
    pool->Run(std::move(caller), [this](Result<const ScanReads*> got) {
      if (!got.ok()) {
        const MutexLock lock(mu);
        errors.push_back(got.error());
        return;
      }
      (void)(*got)->Totals();
      ++carried_out;
    });
  }
  std::vector<WorkerError> Errors() {
    const MutexLock lock(mu);
    return errors;
  }
  /// Waits for the reads that are under way.
  void Finish() {
    reads.turnstile.Open();
    std::promise<void> done;
    pool->Run({}, [&](Result<const ScanReads*>) { done.set_value(); });
    done.get_future().wait();
  }

  static constexpr absl::Duration kMaxWait = absl::Seconds(1);
  std::unique_ptr<Store> store = *OpenTestStore("memory:");
  HangingReads reads{store->Reader()};
  ManualClock clock;
  RealRandom random;
  Mutex mu;
  std::vector<WorkerError> errors ABSL_GUARDED_BY(mu);
  std::atomic<int> carried_out = 0;
  std::unique_ptr<ReadPool> pool;
};

TEST_CASE("a read runs on another thread, with the reads that may be slow") {
  Fixture f;
  std::promise<std::pair<const ScanReads*, std::thread::id>> ran;
  f.pool->Run({}, [&](Result<const ScanReads*> reads) {
    ran.set_value({*reads, std::this_thread::get_id()});
  });
  const auto [reads, thread] = ran.get_future().get();
  CHECK(reads == &f.reads);
  CHECK(thread != std::this_thread::get_id());
}

TEST_CASE("as many reads run at once as there are threads") {
  constexpr int kThreads = 4;
  Fixture f(kThreads);
  f.Fill(kThreads);  // returns once all of them run
  CHECK(f.carried_out == 0);
  f.pool->Drain();
  f.reads.turnstile.Open();
  f.pool.reset();
  CHECK(f.carried_out == kThreads);
}

TEST_CASE("a read that would wait too long at the pace of earlier reads is refused at once") {
  Fixture f;
  for (int i = 0; i < 300; ++i) {
    std::promise<void> done;
    f.pool->Run({}, [&](Result<const ScanReads*>) {
      f.clock.Advance(absl::Milliseconds(100));
      done.set_value();
    });
    done.get_future().wait();
  }
  f.Fill();
  for (int i = 0; i < 100; ++i) f.Ask();
  const std::vector<WorkerError> errors = f.Errors();
  CHECK(errors.size() >= 90);
  CHECK(errors.size() <= 92);
  for (const WorkerError& error : errors) {
    REQUIRE(std::holds_alternative<Overloaded>(error));
    CHECK(std::get<Overloaded>(error).retry_after > absl::ZeroDuration());
  }
  CHECK(f.carried_out == 0);
}

TEST_CASE(
    "if a read hangs, the reads behind it wait for a second, and then no more are taken until it continues") {
  Fixture f;
  f.Fill();
  f.Ask();
  f.Ask();
  CHECK(f.Errors().empty());
  f.clock.Advance(Fixture::kMaxWait + absl::Milliseconds(1));
  f.Ask();
  REQUIRE(f.Errors().size() == 1);
  CHECK(std::holds_alternative<Overloaded>(f.Errors().front()));
  f.reads.turnstile.Open();
  while (f.carried_out < 3) std::this_thread::yield();
  f.Ask();
  f.Finish();
  CHECK(f.carried_out == 4);
  CHECK(f.Errors().size() == 1);
}

TEST_CASE("a read whose caller has given up is not carried out when its turn comes, but ended") {
  Fixture f;
  f.Fill();
  std::atomic<bool> gone = false;
  const auto client = [&] { return gone.load(); };
  f.Ask({client});
  f.Ask({nullptr, f.clock.WallNow() + absl::Milliseconds(500)});
  f.Ask({nullptr, f.clock.WallNow() + absl::Milliseconds(700)});
  f.Ask({[] { return false; }});
  gone = true;
  f.clock.Advance(absl::Milliseconds(500));
  const int before = f.reads.turnstile.came();
  f.Finish();
  CHECK(f.reads.turnstile.came() - before == 2);
  CHECK(f.carried_out == 3);
  REQUIRE(f.Errors().size() == 2);
  for (const WorkerError& error : f.Errors()) {
    CHECK(std::get<Overloaded>(error).what.find("given up") != std::string_view::npos);
  }
}

TEST_CASE("a read that hardly waited is carried out without a check whether its caller still wants it") {
  Fixture f;
  f.Fill();
  f.Ask({[] { return true; }});
  f.clock.Advance(ReadPool::kWorthAsking - absl::Microseconds(1));
  f.Finish();
  CHECK(f.carried_out == 2);
}

TEST_CASE("a drain with ten thousand waiting reads refuses all of them before it returns") {
  Fixture f;
  for (int i = 0; i < 300; ++i) {  // each takes no time on this clock
    f.Ask();
    while (f.carried_out <= i) std::this_thread::yield();
  }
  f.Fill();
  for (std::size_t i = 0; i < ReadAdmission::kMaxWaiting; ++i) f.Ask();
  CHECK(f.Errors().empty());
  f.Ask();  // one too many
  REQUIRE(f.Errors().size() == 1);
  CHECK(std::holds_alternative<Overloaded>(f.Errors().front()));

  f.pool->Drain();
  std::vector<WorkerError> errors = f.Errors();
  REQUIRE(errors.size() == ReadAdmission::kMaxWaiting + 1);
  f.Ask();
  errors = f.Errors();
  REQUIRE(errors.size() == ReadAdmission::kMaxWaiting + 2);
  CHECK(std::get<StoreUnavailable>(errors[1]).reason == "the daemon is stopping");
  CHECK(std::get<StoreUnavailable>(errors.back()).reason == "the daemon is stopping");
  CHECK(f.carried_out == 300);
  CHECK_FALSE(f.pool->AwaitEnd(absl::ZeroDuration()));  // one runs
  f.reads.turnstile.Open();
  CHECK(f.pool->AwaitEnd(absl::Seconds(60)));
  CHECK(f.carried_out == 301);
}

}  // namespace
}  // namespace muster
