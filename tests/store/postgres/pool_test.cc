#include "store/postgres/pool.h"

#include <atomic>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "runtime/manual_clock.h"
#include "store/postgres/scratch.h"
#include "tests/catch.h"

namespace muster::postgres {
namespace {

using testing::kPatience;
using testing::ScratchSchema;

constexpr Sql kOne = {"one", "SELECT 1"};

struct Pool {
  ScratchSchema schema;
  RealClock clock;
  Dialer dialer{schema.url(), clock, 1};
  ConnectionPool pool{dialer, 2};
};

TEST_CASE("connections are used again") {
  Pool made;
  int pid = 0;
  for (int i = 0; i < 5; ++i) {
    Reply<ConnectionPool::Lease> lease = made.pool.Borrow(kPatience);
    REQUIRE(lease.ok());
    REQUIRE((*lease)->Run(kOne, {}, kPatience).ok());
    if (i > 0) CHECK((*lease)->backend_pid() == pid);
    pid = (*lease)->backend_pid();
  }
}

TEST_CASE("no more connections than the limit are lent; a borrower that gets none is told in time") {
  Pool made;
  Reply<ConnectionPool::Lease> first = made.pool.Borrow(kPatience);
  std::optional<Reply<ConnectionPool::Lease>> second = made.pool.Borrow(kPatience);
  REQUIRE(first.ok());
  REQUIRE(second->ok());
  const Reply<ConnectionPool::Lease> third = made.pool.Borrow(absl::Milliseconds(50));
  REQUIRE_FALSE(third.ok());
  CHECK(third.error().kind == FailureKind::kAway);
  CHECK(absl::StrContains(third.error().detail, "all 2 connections"));
  second.reset();
  CHECK(made.pool.Borrow(kPatience).ok());
}

TEST_CASE("many threads share a few connections") {
  Pool made;
  std::atomic<int> lent = 0;
  std::atomic<int> most = 0;
  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        Reply<ConnectionPool::Lease> lease = made.pool.Borrow(kPatience);
        if (!lease.ok()) continue;
        const int now = ++lent;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        if ((*lease)->Run(kOne, {}, kPatience).ok()) ++answered;
        --lent;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(answered == 8 * 50);
  CHECK(most <= 2);
}

TEST_CASE("a connection that is broken, or comes back with an open transaction, is closed") {
  Pool made;
  std::set<int> pids;
  const auto borrowed = [&] {
    Reply<ConnectionPool::Lease> lease = made.pool.Borrow(kPatience);
    REQUIRE(lease.ok());
    CHECK(pids.insert((*lease)->backend_pid()).second);
    return *std::move(lease);
  };
  {
    ConnectionPool::Lease lease = borrowed();
    REQUIRE(lease->Run(kBegin, {}, kPatience).ok());
  }
  Connection other = made.schema.Connect();
  // The server ends it while it is lent, and the borrower does not see it.
  { testing::Terminate(other, borrowed()->backend_pid()); }
  ConnectionPool::Lease lease = borrowed();
  CHECK(lease->Run(kOne, {}, kPatience).ok());
}

TEST_CASE("while the server is away, a borrower is told at once") {
  ManualClock clock;
  Dialer dialer("postgresql://u@127.0.0.1:1/d", clock, 1);
  ConnectionPool pool(dialer, 1);
  CHECK_FALSE(pool.Borrow(kPatience).ok());
  for (int i = 0; i < 3; ++i) {  // its one place is free again each time
    const Reply<ConnectionPool::Lease> refused = pool.Borrow(kPatience);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == FailureKind::kAway);
    CHECK(absl::StrContains(refused.error().detail, "waiting before the next attempt"));
  }
}

}  // namespace
}  // namespace muster::postgres
