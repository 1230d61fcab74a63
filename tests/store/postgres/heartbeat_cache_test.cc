// A batch of heartbeats is one round trip, even if some of its requests have to be refused.
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "muster/commands.h"
#include "store/postgres/dialer.h"
#include "store/postgres/runs.h"
#include "store/postgres/shared_registry.h"
#include "store/postgres/staged.h"
#include "store/postgres/transaction.h"
#include "store/postgres/worker_cache.h"
#include "store/postgres/writer_session.h"

namespace muster::postgres {
namespace {

using testing::Names;
using testing::SharedRegistry;

struct Beat {
  std::string id;
  std::string instance = "instance";
  std::optional<std::int32_t> in_use = {};
};

// One attempt at a batch, as the store makes it.
struct Tried {
  bool committed = false;
  bool refused_in_error = false;
  std::int64_t round_trips = 0;
  int refused = 0;
};

struct Batches {
  Tried Try(const std::vector<Beat>& beats) {
    const std::int64_t before = session.round_trips();
    std::vector<std::string_view> ids;
    for (const Beat& beat : beats) ids.push_back(beat.id);
    transaction.BeginLight(ids, /*fresh=*/false);
    Tried tried;
    for (const Beat& beat : beats) {
      const Result<HeartbeatReceipt> receipt = RecordHeartbeat(
          {beat.id, beat.instance, beat.in_use, "10.0.0.1:1"}, absl::Seconds(120), transaction, registry.now);
      if (!receipt.ok()) ++tried.refused;
    }
    const ProvenState clock = registry.listening();
    const Reply<Nothing> committed = transaction.Commit(&clock);
    tried.committed = committed.ok();
    if (!committed.ok()) {
      tried.refused_in_error = RefusedInError(committed.error());
      transaction.ForgetRefused();
      transaction.Abandon();
    }
    tried.round_trips = session.round_trips() - before;
    return tried;
  }

  SharedRegistry registry;
  Dialer dialer{registry.schema.url(), TestRuntime().clock, 1};
  WorkerCache cache{10'000};
  WriterSession session{dialer, cache};
  Runs runs{"a daemon"};
  HeldRows held{TestRuntime().clock};
  Transaction transaction{session, cache, runs, held, 100};
};

std::vector<Beat> Good(std::size_t count) {
  std::vector<Beat> beats;
  for (const std::string& name : Names(count)) beats.push_back({name});
  return beats;
}

TEST_CASE("bad requests in a batch of heartbeats cost the others no round trip") {
  Batches batches;
  batches.registry.Register(Names(200));
  const std::vector<Beat> good = Good(199);
  CHECK(batches.Try(good).round_trips == 2);  // the first time it has to fetch them
  CHECK(batches.Try(good).round_trips == 1);

  std::vector<Beat> bad = good;
  bad.push_back({"w0", "instance", -1});
  bad.push_back({"w199", "another instance"});
  bad.push_back({"w199", "", -7});
  bad.push_back({"nobody"});
  CHECK(batches.Try(bad).round_trips == 2);  // w199 and "nobody"
  for (int again = 0; again < 3; ++again) {
    const Tried tried = batches.Try(bad);
    CHECK(tried.committed);
    CHECK(tried.refused == 4);
    CHECK(tried.round_trips == 1);
  }
  CHECK(batches.Try({{"nobody"}, {"w199", "another instance"}}).round_trips == 1);
  CHECK(batches.Try({{"w0", "instance", -1}}).round_trips == 0);
  CHECK(batches.registry[0].Reader().Find("w0")->value().pulse.total == 6);
  CHECK(batches.registry[0].Reader().Find("w199")->value().pulse.total == 0);
}

TEST_CASE("only the workers that the cache refuses and the database would not are fetched") {
  Batches batches;
  batches.registry.Register(Names(10));
  std::vector<Beat> beats = Good(10);
  beats.push_back({"late"});
  beats[3].instance = "new instance";
  CHECK(batches.Try(beats).refused == 2);
  CHECK(batches.Try(beats).refused == 2);

  batches.registry.Register({"late"});
  {
    WriteTx& tx = batches.registry[0].Begin();
    const WorkerView view = tx.Find("w3")->value();
    Worker worker = *view.worker;
    worker.instance_id = "new instance";
    worker.revision = tx.NextRevision();
    tx.Update(view, std::move(worker));
    REQUIRE(batches.registry[0].Commit(batches.registry.listening()).committed());
  }
  const Tried stale = batches.Try(beats);
  CHECK_FALSE(stale.committed);
  CHECK(stale.refused_in_error);
  // If the others were fetched too, a change of them would be seen here, and not by the commit.
  batches.registry.Execute("UPDATE workers SET revision = revision + 100 WHERE id = 'w5'");
  const Tried others = batches.Try(beats);
  CHECK(others.refused == 0);
  CHECK_FALSE(others.committed);
  CHECK_FALSE(others.refused_in_error);
  batches.registry.Execute("UPDATE workers SET revision = revision - 100 WHERE id = 'w5'");
  CHECK(batches.Try(beats).committed);
}

TEST_CASE("unknown ids displace no worker from the cache, however many a client makes up") {
  WorkerCache cache(100);
  Worker worker;
  worker.id = "a";
  cache.Put(std::make_shared<const Worker>(worker));
  for (int i = 0; i < 50'000; ++i) cache.PutAbsent(absl::StrCat("made-up-", i));
  CHECK(cache.Find("a") != nullptr);
  CHECK(cache.IsAbsent("made-up-49999"));
  CHECK_FALSE(cache.IsAbsent("made-up-0"));
  worker.id = "made-up-49999";
  cache.Put(std::make_shared<const Worker>(worker));
  CHECK_FALSE(cache.IsAbsent("made-up-49999"));
}

}  // namespace
}  // namespace muster::postgres
