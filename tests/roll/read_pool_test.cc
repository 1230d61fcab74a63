#include "roll/read_pool.h"

#include <atomic>
#include <memory>
#include <thread>
#include <variant>

#include "absl/synchronization/notification.h"
#include "muster/errors.h"
#include "store/store.h"
#include "tests/catch.h"

namespace muster {
namespace {

constexpr int kThreads = 4;

TEST_CASE("a query runs on another thread, against the reader") {
  const std::unique_ptr<Store> store = *OpenStore("memory:", {});
  bool same_reader = false;
  bool same_thread = true;
  {
    ReadPool pool(store->Reader(), kThreads);
    pool.Run([&, here = std::this_thread::get_id()](const ReadTx& tx) {
      same_reader = &tx == &store->Reader();
      same_thread = std::this_thread::get_id() == here;
    });
  }  // waits for it
  CHECK(same_reader);
  CHECK_FALSE(same_thread);
}

TEST_CASE("as many queries run at once as there are threads") {
  const std::unique_ptr<Store> store = *OpenStore("memory:", {});
  std::atomic<int> running = 0;
  absl::Notification all;
  ReadPool pool(store->Reader(), kThreads);
  for (int i = 0; i < kThreads; ++i) {
    pool.Run([&](const ReadTx&) {
      if (++running == kThreads) all.Notify();
      all.WaitForNotification();
    });
  }
  all.WaitForNotification();  // or it never comes
  CHECK(running == kThreads);
}

TEST_CASE(
    "where too many wait a query is refused at once, in its own words; those that wait are carried out") {
  const std::unique_ptr<Store> store = *OpenStore("memory:", {});
  std::atomic<std::size_t> carried_out = 0;
  {
    absl::Notification go_on;
    ReadPool pool(store->Reader(), kThreads);
    std::atomic<int> held = 0;
    for (int i = 0; i < kThreads; ++i) {
      pool.Run([&](const ReadTx&) {
        ++held;
        go_on.WaitForNotification();
      });
    }
    while (held < kThreads) std::this_thread::yield();
    for (std::size_t i = 0; i < ReadPool::kMostWaiting; ++i) {
      pool.Run([&](const ReadTx& tx) {
        if (tx.LastCursor().ok()) ++carried_out;
      });
    }
    CHECK(carried_out == 0);
    int refused = 0;
    pool.Run([&](const ReadTx& tx) {
      CHECK(tx.TokenKey() == store->Reader().TokenKey());
      const auto check = [&](const auto& answer) {
        REQUIRE_FALSE(answer.ok());
        CHECK(std::get<Overloaded>(answer.error()).retry_after > absl::ZeroDuration());
        ++refused;
      };
      check(tx.Find("a"));
      check(tx.List({}, "", 1));
      check(tx.Heartbeats("a", 1, 1));
      check(tx.Events("", 0, false, 1));
      check(tx.Totals());
      check(tx.Holds());
      check(tx.LastCursor());
    });
    CHECK(refused == 7);
    go_on.Notify();
  }
  CHECK(carried_out == ReadPool::kMostWaiting);
}

}  // namespace
}  // namespace muster
