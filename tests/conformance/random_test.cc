// One long random sequence of steps, on every store at once: all of them must answer the same.
//
// A step is drawn once and then made on each store. Where an answer may come in any order (the questions of
// the sweeps), it is sorted, and the next steps follow the sorted order, so that revisions and cursors stay
// comparable. MUSTER_RANDOM_SEED and MUSTER_RANDOM_STEPS choose another sequence.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "conformance/describe.h"
#include "conformance/sharing.h"
#include "conformance/subject.h"
#include "muster/commands.h"
#include "muster/queries.h"
#include "tests/store/up_to.h"

namespace muster::testing {
namespace {

using Move = std::function<std::string(WriteTx&, const Moment&)>;  // within a transaction
using Step = std::function<std::string(Subject&)>;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  std::uint64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

// Draws steps. They depend only on the seed.
class Life {
 public:
  explicit Life(std::uint64_t seed) : random_(seed) {}

  Step Next() {
    const std::uint64_t dice = Below(100);
    if (dice < 35) return Batch();
    if (dice < 45) return HeartbeatBatch();
    if (dice < 52) return Sweep();
    if (dice < 54) return HoldOrRelease();
    if (dice < 58) return Maintain();
    if (dice < 60) return Pass();
    if (dice < 61 && Below(2) == 0) return Restart();
    return Query();
  }

 private:
  std::uint64_t Below(std::uint64_t limit) { return random_() % limit; }
  std::string Id() { return absl::StrCat("w", Below(60)); }
  std::string Region() { return std::string(1, static_cast<char>('p' + Below(4))); }
  WorkerStatus Status() { return kAllStatuses[Below(4)]; }

  WorkerConfig Config() {
    WorkerConfig config{.region = Region(), .capacity = static_cast<std::int32_t>(1 + Below(8))};
    for (const char* capability : {"cpu", "gpu", "tpu"}) {
      if (Below(2) == 0) config.capabilities.push_back(capability);
    }
    for (const char* key : {"os", "zone"}) {
      if (Below(2) == 0) config.metadata[key] = absl::StrCat(Below(3));
    }
    return config;
  }

  Move Heartbeat() {
    std::optional<std::int32_t> in_use;
    if (Below(3) == 0) in_use = static_cast<std::int32_t>(Below(10));
    const std::string instance = Below(20) == 0 ? absl::StrCat("i", Below(6)) : "";
    return [id = Id(), instance, in_use](WriteTx& tx, const Moment& now) {
      const Result<HeartbeatReceipt> receipt =
          RecordHeartbeat({.worker_id = id, .instance_id = instance, .in_use = in_use, .peer = "10.0.0.1:1"},
                          kTimeout, tx, now);
      return receipt.ok() ? std::string(StatusName(receipt->status)) : Describe(receipt.error());
    };
  }

  Move Register() {
    RegisterWorkerCommand command{.worker_id = Id(),
                                  .config = Config(),
                                  .instance_id = absl::StrCat("i", Below(6)),
                                  .replace = Below(3) == 0,
                                  .actor = "life",
                                  .peer = absl::StrCat("10.0.0.", Below(9), ":1"),
                                  .generated_instance_id = "generated"};
    return [command](WriteTx& tx, const Moment& now) { return Describe(RegisterWorker(command, tx, now)); };
  }

  Move Unregister() {
    return [id = Id()](WriteTx& tx, const Moment& now) {
      return Describe(UnregisterWorker({.worker_id = id, .expected_revision = {}, .actor = "life"}, tx, now));
    };
  }

  Move Update() {
    UpdateWorkerStatusCommand command{.worker_id = Id(),
                                      .status = Below(8) == 0 ? Status() : kAllStatuses[1 + Below(2)],
                                      .expected_status = {},
                                      .expected_revision = {},
                                      .reason = "by the dice",
                                      .actor = "life"};
    if (Below(3) == 0) command.expected_status = Status();
    return
        [command](WriteTx& tx, const Moment& now) { return Describe(UpdateWorkerStatus(command, tx, now)); };
  }

  Move AnyMove() {
    const std::uint64_t dice = Below(100);
    if (dice < 75) return Heartbeat();
    if (dice < 88) return Register();
    if (dice < 91) return Unregister();
    return Update();
  }

  Step Batch() {
    std::vector<Move> moves;
    for (std::uint64_t i = 0; i <= Below(30); ++i) moves.push_back(AnyMove());
    const bool commit = Below(10) != 0;
    return [moves, commit](Subject& subject) {
      std::string answers;
      WriteTx& tx = subject.store().Begin();
      for (const Move& move : moves) answers += move(tx, subject.now()) + "\n";
      if (!commit) {
        subject.store().Rollback();
      } else if (!subject.store().Commit(subject.listening()).committed()) {
        answers += "not committed";
      }
      return answers;
    };
  }

  // As the writer handles a batch of which it knows that it has nothing else in it.
  Step HeartbeatBatch() {
    std::vector<Beat> beats;
    for (std::uint64_t i = 0; i <= Below(60); ++i) {
      beats.push_back({Id(), Below(10) == 0 ? absl::StrCat("i", Below(6)) : ""});
      if (Below(3) == 0) beats.back().in_use = static_cast<std::int32_t>(Below(10));
    }
    return [beats](Subject& subject) {
      const Carried carried = BeatAll(subject.store(), subject.now(), beats);
      return absl::StrCat(carried.committed ? "" : "not committed\n", absl::StrJoin(carried.answers, "\n"));
    };
  }

  // The questions of the three jobs, and the moves that follow.
  Step Sweep() {
    const std::uint64_t job = Below(3);
    const absl::Duration age = absl::Seconds(Below(240));
    const int limit = static_cast<int>(1 + Below(80));
    absl::flat_hash_set<std::string> except;
    if (Below(3) == 0) except.insert(Region());
    return [=](Subject& subject) {
      const ListeningTime cutoff = subject.now().listening - age;
      const WorkerStatus to = job == 1 ? WorkerStatus::kOffline : WorkerStatus::kActive;
      const auto ask = [&](WriteTx& tx, int at_most) {
        return SortedIds(job == 0   ? tx.PendingHeard(at_most)
                         : job == 1 ? tx.Silent(UpTo(cutoff), except, at_most)
                                    : tx.OfflineFresh(UpTo(cutoff), at_most));
      };
      WriteTx& tx = subject.store().Begin();
      std::vector<RegionSilence> silence = *tx.SilentByRegion(UpTo(cutoff));
      std::sort(silence.begin(), silence.end(),
                [](const RegionSilence& a, const RegionSilence& b) { return a.region < b.region; });
      std::string answers = Describe(silence);
      const std::vector<std::string> some = ask(tx, limit);
      const std::vector<std::string> all = ask(tx, 1000);
      // The store may choose which ones a limit leaves out.
      answers += absl::StrCat(
          some.size(), " of them: ", std::includes(all.begin(), all.end(), some.begin(), some.end()), "\n");
      for (const std::string& id : all) {
        const WorkerView view = Found(tx, id);
        Worker worker = *view.worker;
        worker.status = to;
        worker.status_changed_at = subject.now().wall;
        worker.called_offline_at = job == 1 ? std::optional(subject.now().listening) : std::nullopt;
        worker.revision = tx.NextRevision();
        answers += Describe(tx.Update(view, worker)) + "\n";
        tx.Append({.type = EventType::kStatusChanged,
                   .at = subject.now().wall,
                   .worker_id = id,
                   .region = worker.config.region,
                   .revision = worker.revision,
                   .from = view.worker->status,
                   .to = to,
                   .reason = "job",
                   .actor = "job"});
      }
      if (!subject.store().Commit(subject.listening()).committed()) answers += "not committed";
      return answers;
    };
  }

  Step HoldOrRelease() {
    return [region = Region(), hold = Below(2) == 0](Subject& subject) {
      subject.Write([&](WriteTx& tx) {
        if (hold) {
          tx.Hold({region, subject.now().listening + kTimeout});
        } else {
          tx.Release(region);
        }
      });
      return Describe(subject.reader().Totals());
    };
  }

  Step Maintain() {
    const bool everything = Below(4) == 0;
    return
        [budget = everything ? absl::InfiniteDuration() : absl::Microseconds(Below(300))](Subject& subject) {
          subject.store().Maintain(budget);
          return std::string();
        };
  }

  Step Restart() {
    return [](Subject& subject) {
      if (subject.persistent()) subject.Reopen();
      const std::optional<ProvenState> last = subject.store().LastListening();
      return last ? absl::StrCat(last->proven.micros(), "+", absl::ToInt64Microseconds(last->credit))
                  : "none";
    };
  }

  Step Pass() {
    return [by = absl::Microseconds(Below(60'000'000))](Subject& subject) {
      subject.Advance(by);
      return std::string();
    };
  }

  Step Query() {
    const std::uint64_t dice = Below(5);
    if (dice == 0) return ListSome();
    if (dice == 1) return [id = Id()](Subject& s) { return Describe(GetWorker(s.reader(), id)); };
    if (dice == 2) return ReadHistory();
    if (dice == 3) return ReadEvents();
    return [](Subject& s) {
      return Describe(CountWorkers(s.reader())) + absl::StrCat(*s.reader().LastCursor());
    };
  }

  // Each store has its own tokens, so each goes through its pages with its own.
  Step ListSome() {
    WorkerFilter filter;
    if (Below(2) == 0) filter.statuses.push_back(Status());
    if (Below(4) == 0) filter.statuses.push_back(Status());
    if (Below(3) == 0) filter.region = Region();
    if (Below(4) == 0) filter.capability = "gpu";
    if (Below(4) == 0) filter.metadata["zone"] = "1";
    return [filter, size = static_cast<int>(1 + Below(20))](Subject& subject) {
      return Walk(
          size, [&](const PageRequest& request) { return ListWorkers(subject.reader(), filter, request); },
          [](const WorkerPage& page) { return Describe(page.workers); });
    };
  }

  Step ReadHistory() {
    return [id = Id(), size = static_cast<int>(1 + Below(50))](Subject& subject) {
      return Walk(
          size, [&](const PageRequest& request) { return ListHeartbeats(subject.reader(), id, request); },
          [](const HeartbeatPage& page) { return Describe(page.heartbeats); });
    };
  }

  Step ReadEvents() {
    EventFilter filter{.worker_id = Below(2) == 0 ? Id() : "",
                       .after_cursor = static_cast<std::int64_t>(Below(500)),
                       .newest_first = Below(2) == 0};
    return [filter](Subject& subject) {
      return Walk(
          300, [&](const PageRequest& request) { return ListEvents(subject.reader(), filter, request); },
          [](const EventPage& page) { return Describe(page.events); });
    };
  }

  // At most a few pages.
  template <typename Fetch, typename Show>
  static std::string Walk(int page_size, Fetch fetch, Show show) {
    std::string answers;
    PageRequest request{.page_size = page_size, .page_token = ""};
    for (int pages = 0; pages < 4; ++pages) {
      auto page = fetch(request);
      if (!page.ok()) return answers + Describe(page.error());
      answers += absl::StrCat("page:\n", show(*page));
      if (page->next_page_token.empty()) return answers + "end";
      request.page_token = page->next_page_token;
    }
    return answers;
  }

  std::mt19937_64 random_;
};

// Everything that the store knows.
std::string Everything(Subject& subject) {
  std::string text = Describe(subject.reader().List({}, "", 1'000'000));
  for (const std::string& id : subject.Ids()) text += id + ":\n" + Describe(subject.History(id));
  return text + Describe(subject.EventsOf("")) + Describe(subject.reader().Totals());
}

TEST_CASE("random steps give the same answers on every store") {
  const std::uint64_t seed = FromEnvironment("MUSTER_RANDOM_SEED", 20'261'124);
  const std::uint64_t steps = FromEnvironment("MUSTER_RANDOM_STEPS", 10'000);
  Life life(seed);
  std::vector<std::unique_ptr<Subject>> subjects;
  for (const StoreKind& kind : AllStores()) {
    subjects.push_back(
        std::make_unique<Subject>(kind, StoreOptions{.history = 20, .max_events = 100'000, .holder = ""}));
  }
  for (std::uint64_t number = 0; number < steps; ++number) {
    const Step step = life.Next();
    std::string expected;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      std::string answer = step(*subjects[i]);
      if (number % 500 == 499) answer += Everything(*subjects[i]);
      if (i == 0) {
        expected = std::move(answer);
        continue;
      }
      INFO("MUSTER_RANDOM_SEED=" << seed << ", step " << number << ", store " << AllStores()[i].scheme);
      REQUIRE(answer == expected);
    }
  }
}

}  // namespace
}  // namespace muster::testing
