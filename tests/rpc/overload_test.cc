// What a client is told when more waits than the writer can do in time.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "catch.h"
#include "harness.h"
#include "registry/admission.h"

namespace muster::rpc {
namespace {

// Heartbeats of other callers.
struct Batch final : Command {
  Batch() { heartbeats_asked_ = 1'000; }
  void CollectKeys(BatchKeys&) const override {}
  void Apply(WriteTx&, const Moment&) override {}
  void Finish(const WorkerError*) override {}
};

// Keeps the writer busy until it is told to continue.
class Occupied {
 public:
  explicit Occupied(Registry& registry) {
    registry.Execute<bool>(
        "",
        [this](WriteTx&, const Moment&) {
          begun_.Notify();
          go_on_.WaitForNotification();
          return true;
        },
        [this](const Result<bool>&) { done_.Notify(); });
    begun_.WaitForNotification();
  }
  void End() {
    go_on_.Notify();
    done_.WaitForNotification();
  }

 private:
  absl::Notification begun_, go_on_, done_;
};

TEST_CASE("A heartbeat that would wait too long is refused at once, and told when to come again") {
  Harness harness;
  harness.Register("w");
  std::vector<Batch> others(1'000);
  Occupied writer(*harness.registry);
  std::size_t let_in = 0;
  while (harness.registry->Submit(others[let_in]).ok()) ++let_in;

  v1::BatchHeartbeatRequest batch;
  batch.add_heartbeats()->set_worker_id("w");
  v1::BatchHeartbeatResponse answer;
  for (const grpc::Status& status :
       {harness.Beat("w"), harness.Call(&v1::WorkerCommands::Stub::BatchHeartbeat, batch, answer)}) {
    const Refusal refusal = Refusal::Of(status);
    CHECK(refusal.code == grpc::StatusCode::RESOURCE_EXHAUSTED);
    CHECK(refusal.info.reason() == "OVERLOADED");
    const auto& delay = refusal.retry.retry_delay();
    CHECK(delay.seconds() * 1'000 + delay.nanos() / 1'000'000 >= 100);
    CHECK(delay.seconds() < 1);  // the timeout is three
  }

  // None of the refused work was done, and what waited was done; then there is room again.
  writer.End();
  harness.RunJobs();  // behind all of it
  CHECK(harness.Beat("w").ok());
  CHECK(harness.Get("w").id() == "w");
  v1::GetFleetSummaryResponse summary;
  REQUIRE(harness.Call(&v1::WorkerQueries::Stub::GetFleetSummary, {}, summary).ok());
  CHECK(summary.heartbeats_recorded() == 1);
}

TEST_CASE("After a refused batch of ten no client waits as long as after one of a thousand") {
  Harness harness;
  harness.Register("w");
  std::vector<Batch> others(1'000);
  Occupied writer(*harness.registry);
  std::size_t let_in = 0;
  while (harness.registry->Submit(others[let_in]).ok()) ++let_in;

  v1::BatchHeartbeatRequest batch;
  for (int i = 0; i < 10; ++i) batch.add_heartbeats()->set_worker_id("w");
  v1::BatchHeartbeatResponse answer;
  std::int64_t longest_ms = 0;
  // 54,000 units are refused in all, a third of what may wait: the delay is the shortest, 200 ms ± a half.
  for (int i = 0; i < 3'000; ++i) {
    const auto refusal = Refusal::Of(harness.Call(&v1::WorkerCommands::Stub::BatchHeartbeat, batch, answer))
                             .retry.retry_delay();
    longest_ms = std::max(longest_ms, refusal.seconds() * 1'000 + refusal.nanos() / 1'000'000);
  }
  CHECK(longest_ms > 200);
  CHECK(longest_ms <= 300);
  writer.End();
  harness.RunJobs();
}

}  // namespace
}  // namespace muster::rpc
