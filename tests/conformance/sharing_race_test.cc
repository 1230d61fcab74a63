// Several stores at once, each on a thread of its own. In every order the same must hold: nothing is lost,
// nothing counts twice, and each answer is true.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "conformance/sharing.h"
#include "conformance/subject.h"
#include "runtime/real_clock.h"
#include "tests/store/up_to.h"

namespace muster::testing {
namespace {

void AllAtOnce(std::vector<std::function<void()>> parts) {
  std::vector<std::thread> threads;
  threads.reserve(parts.size());
  for (std::function<void()>& part : parts) threads.emplace_back(std::move(part));
  for (std::thread& thread : threads) thread.join();
}

std::vector<WorkerView> All(Store& store) {
  const Result<std::vector<WorkerView>> all = store.Reader().List({}, "", 10'000);
  REQUIRE(all.ok());
  return *all;
}

TEST_CASE("two stores hear the same workers at once, while a third store changes them") {
  for (const StoreKind& kind : SharedStores()) {
    constexpr int kBatches = 60;
    Sharing stores(kind, 3, {.history = 1000});
    const std::vector<std::string> ids = RegisterMany(stores[0], stores.now(), 150);
    std::atomic<int> failed = 0;
    std::atomic<int> beating = 2;
    const auto beat = [&](std::size_t store, bool backwards) {
      std::vector<Beat> beats;
      for (const std::string& id : ids) beats.push_back({id});
      if (backwards) std::reverse(beats.begin(), beats.end());
      for (int batch = 0; batch < kBatches; ++batch) {
        if (!BeatAll(stores[store], stores.now(), beats).committed) ++failed;
      }
      --beating;
    };
    int changes = 0;
    const auto change = [&] {
      while (beating > 0) {
        const std::string& id = ids[static_cast<std::size_t>(changes * 7) % ids.size()];
        const WorkerStatus to = changes % 2 == 0 ? WorkerStatus::kActive : WorkerStatus::kOffline;
        if (!SetStatus(stores[2], stores.now(), id, to).committed) ++failed;
        ++changes;
      }
    };
    AllAtOnce({[&] { beat(0, false); }, [&] { beat(1, true); }, change});
    CHECK(failed == 0);
    CHECK(changes > 0);
    for (const WorkerView& view : All(stores[0])) {
      REQUIRE(view.pulse.total == 2 * kBatches);
      const Result<std::vector<HeartbeatRecord>> history =
          stores[0].Reader().Heartbeats(view.worker->id, kNewest, 1000);
      REQUIRE(history.ok());
      REQUIRE(history->size() == 2 * kBatches);
      for (std::size_t i = 0; i < history->size(); ++i) {
        REQUIRE((*history)[i].ordinal == static_cast<std::int64_t>(history->size() - i));
      }
    }
  }
}

TEST_CASE("a takeover counts every heartbeat before it, however many are being written") {
  for (const StoreKind& kind : SharedStores()) {
    constexpr std::size_t kInstances = 60;
    Sharing stores(kind, 3);
    REQUIRE(Register(stores[0], stores.now(), "a", "i0").committed);
    std::vector<std::atomic<std::int64_t>> accepted(kInstances + 1);
    std::atomic<bool> over = false;
    std::atomic<int> failed = 0;
    // Each instance sends heartbeats until it learns that it was replaced. Then the next instance does.
    const auto beat = [&](std::size_t store) {
      for (std::size_t instance = 0; !over;) {
        const std::string answer = BeatOnce(stores[store], stores.now(), {"a", absl::StrCat("i", instance)});
        if (answer == "Pending") {
          ++accepted[instance];
        } else if (answer.starts_with("INSTANCE_SUPERSEDED")) {
          instance = std::min(instance + 1, kInstances);
        } else {
          ++failed;
        }
      }
    };
    std::vector<std::int64_t> before;
    const auto replace = [&] {
      for (std::size_t instance = 1; instance <= kInstances; ++instance) {
        const absl::Duration patience = RealClock().MonotonicNow() + absl::Seconds(60);
        while (instance % 3 == 1 && accepted[instance - 1] == 0 && failed == 0) {
          std::this_thread::yield();
          if (RealClock().MonotonicNow() > patience) ++failed;
        }
        if (!Register(stores[1], stores.now(), "a", absl::StrCat("i", instance), true).committed) ++failed;
        const Result<std::optional<WorkerView>> found = stores[1].Reader().Find("a");
        before.push_back(found.ok() && *found ? (*found)->worker->heartbeats_before : -1);
      }
      over = true;
    };
    AllAtOnce({[&] { beat(0); }, replace, [&] { beat(2); }});
    CHECK(failed == 0);
    REQUIRE(before.size() == kInstances);
    std::int64_t so_far = 0;
    for (std::size_t instance = 0; instance < kInstances; ++instance) {
      so_far += accepted[instance];
      REQUIRE(before[instance] == so_far);
    }
    CHECK(so_far >= static_cast<std::int64_t>(kInstances) / 3);
    CHECK(Found(stores[0].Reader(), "a").pulse.total == so_far + accepted[kInstances]);
  }
}

// The same workers as this transaction knows them.
std::vector<WorkerView> InTx(WriteTx& tx, const std::vector<WorkerView>& views) {
  std::vector<WorkerView> found;
  for (const WorkerView& view : views) found.push_back(Found(tx, view.worker->id));
  return found;
}

// Moves them all, as a job would. Returns nothing on a failure.
bool MoveAll(Store& store, const Moment& now, WriteTx& tx, const std::vector<WorkerView>& views,
             WorkerStatus to) {
  for (const WorkerView& view : views) {
    Worker worker = *view.worker;
    worker.status = to;
    worker.revision = tx.NextRevision();
    tx.Update(view, std::move(worker));
  }
  return store.Commit(ListeningAt(now)).committed();
}

TEST_CASE("the answer to a heartbeat matches what a sweep that asked earlier did to its worker") {
  for (const StoreKind& kind : SharedStores()) {
    constexpr std::size_t kAtOnce = 5;
    Sharing stores(kind, 2);
    const std::vector<std::string> ids = RegisterMany(stores[0], stores.now(), 200);
    for (int round = 0; round < 4; ++round) {
      {
        WriteTx& tx = stores[0].Begin();
        REQUIRE(MoveAll(stores[0], stores.now(), tx, InTx(tx, All(stores[0])), WorkerStatus::kActive));
      }
      stores.Advance(kTimeout);
      std::vector<std::string> answers(ids.size());
      std::atomic<std::size_t> heard = 0;
      std::atomic<bool> failed = false;
      std::thread beating([&] {
        for (std::size_t from = 0; from < ids.size() && !failed; from += kAtOnce) {
          std::vector<Beat> beats;
          for (std::size_t i = from; i < from + kAtOnce; ++i) beats.push_back({ids[i]});
          const Carried carried = BeatAll(stores[1], stores.now(), beats);
          if (!carried.committed) failed = true;
          std::copy(carried.answers.begin(), carried.answers.end(),
                    answers.begin() + static_cast<std::ptrdiff_t>(from));
          heard += kAtOnce;
        }
      });
      while (heard < ids.size() / 4 && !failed) std::this_thread::yield();
      WriteTx& tx = stores[0].Begin();
      const Result<std::vector<WorkerView>> silent =
          tx.Silent(UpTo(stores.now().listening - absl::Seconds(1)), {}, 1000);
      // The heartbeats of the workers that it found wait now. A store that lets them go on gets the time for
      // it.
      const std::size_t then = heard;
      const absl::Duration enough = RealClock().MonotonicNow() + absl::Milliseconds(30);
      while (heard < then + 8 * kAtOnce && heard < ids.size() && RealClock().MonotonicNow() < enough)
        std::this_thread::yield();
      const bool swept = silent.ok() && MoveAll(stores[0], stores.now(), tx, *silent, WorkerStatus::kOffline);
      if (!swept) stores[0].Rollback();
      beating.join();
      REQUIRE(swept);
      REQUIRE_FALSE(failed);
      CHECK(silent->size() <= ids.size() * 3 / 4);
      for (std::size_t i = 0; i < ids.size(); ++i) {
        INFO(ids[i]);
        REQUIRE(StatusName(Found(stores[1].Reader(), ids[i]).worker->status) == answers[i]);
      }
    }
  }
}

TEST_CASE("sweeps and heartbeats of the same workers do not block each other") {
  for (const StoreKind& kind : SharedStores()) {
    constexpr int kRounds = 30;
    Sharing stores(kind, 3);
    const std::vector<std::string> ids = RegisterMany(stores[0], stores.now(), 300);
    std::atomic<bool> over = false;
    std::atomic<int> failed = 0;
    std::vector<std::int64_t> accepted(3);
    const auto beat = [&](std::size_t store) {
      std::vector<Beat> beats;
      for (const std::string& id : ids) beats.push_back({id});
      std::shuffle(beats.begin(), beats.end(), std::mt19937(static_cast<std::uint32_t>(store)));
      while (!over) {
        if (BeatAll(stores[store], stores.now(), beats).committed) {
          ++accepted[store];
        } else {
          ++failed;
        }
      }
    };
    const auto sweep = [&] {
      for (int round = 0; round < kRounds; ++round) {
        WriteTx& tx = stores[0].Begin();
        const Result<std::vector<WorkerView>> found =
            round % 2 == 0 ? tx.PendingHeard(1000) : tx.Silent(UpTo(stores.now().listening), {}, 1000);
        const WorkerStatus to = round % 2 == 0 ? WorkerStatus::kActive : WorkerStatus::kPending;
        if (found.ok() && MoveAll(stores[0], stores.now(), tx, *found, to)) continue;
        stores[0].Rollback();
        ++failed;
      }
      over = true;
    };
    AllAtOnce({sweep, [&] { beat(1); }, [&] { beat(2); }});
    CHECK(failed == 0);
    for (const WorkerView& view : All(stores[0])) REQUIRE(view.pulse.total == accepted[1] + accepted[2]);
  }
}

Event Numbered(std::size_t store, int number) {
  return {.type = EventType::kStatusChanged,
          .at = kBeginning.wall,
          .worker_id = absl::StrCat("w", store),
          .region = "eu",
          .revision = number};
}

TEST_CASE("a reader that follows the events by their cursors sees each once, in order, without a gap") {
  for (const StoreKind& kind : SharedStores()) {
    constexpr int kTransactions = 120;
    constexpr std::int64_t kEvents = 3 * kTransactions * 3;  // one to five each
    Sharing stores(kind, 4);
    std::atomic<int> failed = 0;
    const auto append = [&](std::size_t store) {
      int number = 0;
      for (int i = 0; i < kTransactions; ++i) {
        if (i % 7 == 3) {  // a rollback leaves no hole
          stores[store].Begin().Append(Numbered(store, -1));
          stores[store].Rollback();
        }
        WriteTx& tx = stores[store].Begin();
        for (int event = 0; event <= i % 5; ++event) tx.Append(Numbered(store, number++));
        if (!stores[store].Commit(ListeningAt(stores.now())).committed()) ++failed;
      }
    };
    std::vector<Event> seen;
    bool last_cursor_was_there = true;
    const auto follow = [&] {
      while (seen.size() < kEvents && failed == 0) {
        const Result<std::int64_t> last = stores[3].Reader().LastCursor();
        const std::int64_t from = seen.empty() ? 0 : seen.back().cursor;
        const Result<std::vector<Event>> events = stores[3].Reader().Events("", from, false, 50);
        if (!last.ok() || !events.ok()) ++failed;
        if (failed > 0) return;
        seen.insert(seen.end(), events->begin(), events->end());
        if (events->size() < 50 && !seen.empty() && seen.back().cursor < *last) last_cursor_was_there = false;
      }
    };
    AllAtOnce({[&] { append(0); }, [&] { append(1); }, [&] { append(2); }, follow});
    REQUIRE(failed == 0);
    CHECK(last_cursor_was_there);
    REQUIRE(seen.size() == kEvents);
    std::vector<std::int64_t> next(3, 0);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      REQUIRE(seen[i].cursor == static_cast<std::int64_t>(i + 1));
      std::int64_t& expected = next[static_cast<std::size_t>(seen[i].worker_id[1] - '0')];
      // The events of one store are in the order in which it wrote them.
      REQUIRE(seen[i].revision == expected++);
    }
  }
}

TEST_CASE("a revision is given once, and a later commit has a greater one") {
  for (const StoreKind& kind : SharedStores()) {
    constexpr int kTransactions = 40;
    Sharing stores(kind, 3);
    std::atomic<int> failed = 0;
    std::atomic<std::int64_t> highest = 0;
    std::atomic<bool> ascending = true;
    std::vector<std::vector<std::int64_t>> given(3);
    const auto insert = [&](std::size_t store) {
      for (int i = 0; i < kTransactions; ++i) {
        const std::int64_t committed_before = highest;
        WriteTx& tx = stores[store].Begin();
        for (int worker = 0; worker < 3; ++worker) {
          const std::string id = absl::StrCat("w", store, "-", i, "-", worker);
          given[store].push_back(tx.Insert(NewWorker(tx, id, stores.now())).worker->revision);
          if (given[store].back() <= committed_before) ascending = false;
        }
        if (!stores[store].Commit(ListeningAt(stores.now())).committed()) ++failed;
        std::int64_t seen = highest;
        while (seen < given[store].back() && !highest.compare_exchange_weak(seen, given[store].back())) {
        }
      }
    };
    AllAtOnce({[&] { insert(0); }, [&] { insert(1); }, [&] { insert(2); }});
    CHECK(failed == 0);
    CHECK(ascending);
    std::set<std::int64_t> distinct;
    for (const std::vector<std::int64_t>& revisions : given)
      distinct.insert(revisions.begin(), revisions.end());
    CHECK(distinct.size() == 3 * 3 * kTransactions);
    Renew(stores[0]);
    CHECK(stores[0].WorkerCount() == 3 * 3 * kTransactions);
    CHECK(All(stores[1]).size() == 3 * 3 * kTransactions);
  }
}

TEST_CASE("if several stores see a free lead at the same moment, one takes it") {
  for (const StoreKind& kind : SharedStores()) {
    for (int round = 0; round < 5; ++round) {
      Sharing stores(kind, 4);
      std::atomic<int> lead = 0;
      std::atomic<int> failed = 0;
      const auto renew = [&](std::size_t store) {
        const Result<Membership> renewed =
            stores[store].coordination()->RenewMembership({}, Settings(), absl::Seconds(1));
        if (!renewed.ok()) ++failed;
        if (renewed.ok() && renewed->leads) ++lead;
      };
      AllAtOnce({[&] { renew(0); }, [&] { renew(1); }, [&] { renew(2); }, [&] { renew(3); }});
      CHECK(failed == 0);
      CHECK(lead == 1);
    }
  }
}

}  // namespace
}  // namespace muster::testing
