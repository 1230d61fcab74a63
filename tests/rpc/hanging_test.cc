// A store that hangs, in its slow reads or in a commit: what does not need it is answered as usual, and
// health reports it at once.
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "catch.h"
#include "harness.h"

namespace muster::rpc {
namespace {

constexpr int kServing = 1;
constexpr int kNotServing = 2;
constexpr char kCommands[] = "muster.v1.WorkerCommands";
constexpr char kQueries[] = "muster.v1.WorkerQueries";

/// A call that is under way.
template <typename Request, typename Response>
class Pending {
 public:
  using Async = std::remove_pointer_t<decltype(std::declval<v1::WorkerQueries::Stub&>().async())>;
  Pending(Harness& harness,
          void (Async::*method)(grpc::ClientContext*, const Request*, Response*,
                                std::function<void(grpc::Status)>),
          Request request, absl::Duration timeout = absl::InfiniteDuration())
      : request_(std::move(request)) {
    if (timeout < absl::InfiniteDuration()) {
      context_.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
    }
    (harness.queries->async()->*method)(&context_, &request_, &response_,
                                        [this](grpc::Status status) { ended_.set_value(std::move(status)); });
  }
  void Cancel() { context_.TryCancel(); }
  bool IsOver() { return end_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  /// Waits for it.
  grpc::Status End() { return end_.get(); }

 private:
  grpc::ClientContext context_;
  Request request_;
  Response response_;
  std::promise<grpc::Status> ended_;
  std::future<grpc::Status> end_ = ended_.get_future();
};

using PendingList = Pending<v1::ListWorkersRequest, v1::ListWorkersResponse>;
using PendingEvents = Pending<v1::ListEventsRequest, v1::ListEventsResponse>;
using PendingSummary = Pending<v1::GetFleetSummaryRequest, v1::GetFleetSummaryResponse>;
using PendingHistory = Pending<v1::ListHeartbeatsRequest, v1::ListHeartbeatsResponse>;
using PendingWorker = Pending<v1::GetWorkerRequest, v1::GetWorkerResponse>;

std::unique_ptr<PendingList> List(Harness& harness, absl::Duration timeout = absl::InfiniteDuration()) {
  return std::unique_ptr<PendingList>(
      new PendingList(harness, &PendingList::Async::ListWorkers, v1::ListWorkersRequest(), timeout));
}

void AwaitHeld(const Turnstile& turnstile, int held) {
  while (turnstile.held() < held) std::this_thread::yield();
}

void CheckQuickOnes(Harness& harness) {
  CHECK(harness.Beat("w").ok());
  v1::BatchHeartbeatRequest batch;
  batch.add_heartbeats()->set_worker_id("w");
  v1::BatchHeartbeatResponse recorded;
  CHECK(harness.Call(&v1::WorkerCommands::Stub::BatchHeartbeat, batch, recorded).ok());
  v1::GetWorkerRequest one;
  one.set_worker_id("w");
  v1::GetWorkerResponse worker;
  CHECK(harness.Call(&v1::WorkerQueries::Stub::GetWorker, one, worker).ok());
  v1::GetLastHeartbeatRequest whose;
  whose.set_worker_id("w");
  v1::GetLastHeartbeatResponse last;
  CHECK(harness.Call(&v1::WorkerQueries::Stub::GetLastHeartbeat, whose, last).ok());
  for (const char* service : {"", kCommands, kQueries}) CHECK(harness.Health(service) == kServing);
}

/// One list for each thread of its lane, and some more that wait.
std::vector<std::unique_ptr<PendingList>> FillScans(Harness& harness, int lists) {
  CHECK(harness.Health("") == kServing);  // the channel is connected
  const Turnstile& turnstile = harness.store->reads.turnstile;
  std::vector<std::unique_ptr<PendingList>> pending;
  pending.push_back(List(harness));
  AwaitHeld(turnstile, 1);
  while (pending.size() < static_cast<std::size_t>(lists)) pending.push_back(List(harness));
  // The server has them all when it answers this call on the same connection.
  CHECK(harness.Health("") == kServing);
  return pending;
}

TEST_CASE("While the slow reads hang, everything else is answered as usual; then the reads are too") {
  Harness harness;
  harness.Register("w");
  REQUIRE(harness.Beat("w").ok());
  harness.store->reads.turnstile.Close();
  v1::ListHeartbeatsRequest history;
  history.set_worker_id("w");
  v1::GetWorkerRequest with_heartbeats;
  with_heartbeats.set_worker_id("w");
  with_heartbeats.set_view(v1::WORKER_VIEW_HEARTBEATS);
  const auto lists = FillScans(harness, 10);
  PendingEvents events(harness, &PendingEvents::Async::ListEvents, {});
  PendingSummary summary(harness, &PendingSummary::Async::GetFleetSummary, {});
  PendingHistory heartbeats(harness, &PendingHistory::Async::ListHeartbeats, history);
  PendingWorker worker(harness, &PendingWorker::Async::GetWorker, with_heartbeats);
  AwaitHeld(harness.store->reads.turnstile, 3);  // one list, and two point reads
  CheckQuickOnes(harness);
  CHECK_FALSE(lists.front()->IsOver());
  CHECK_FALSE(events.IsOver());
  CHECK_FALSE(summary.IsOver());
  CHECK_FALSE(heartbeats.IsOver());
  CHECK_FALSE(worker.IsOver());
  harness.store->reads.turnstile.Open();
  for (const auto& list : lists) CHECK(list->End().ok());
  CHECK(events.End().ok());
  CHECK(summary.End().ok());
  CHECK(heartbeats.End().ok());
  CHECK(worker.End().ok());
}

TEST_CASE("A read whose client has given up is not carried out") {
  Harness harness;
  Turnstile& turnstile = harness.store->reads.turnstile;
  turnstile.Close();
  const auto lists = FillScans(harness, 20);
  PendingEvents cancelled(harness, &PendingEvents::Async::ListEvents, {});
  const std::unique_ptr<PendingList> late = List(harness, absl::Milliseconds(200));
  CHECK(harness.Health("") == kServing);
  cancelled.Cancel();
  CHECK(cancelled.End().error_code() == grpc::StatusCode::CANCELLED);
  CHECK(late->End().error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
  for (int i = 0; i < 10; ++i) CHECK(harness.Health("") == kServing);  // the server has heard of it
  harness.manual_clock.Advance(absl::Milliseconds(100));
  turnstile.Open();
  for (const auto& list : lists) CHECK(list->End().ok());
  CHECK(List(harness)->End().ok());  // its turn comes after the others
  CHECK(turnstile.came() == 21);
}

TEST_CASE("A stop does not wait for reads that wait: they are refused") {
  Harness harness;
  Turnstile& turnstile = harness.store->reads.turnstile;
  turnstile.Close();
  constexpr int kLists = 40;
  const auto lists = FillScans(harness, kLists);
  harness.server->Drain();
  harness.registry->Drain([] {});
  const int running = turnstile.held();
  int refused = 0;
  int over = 0;
  while (over < kLists - running) {
    over = 0;
    for (const auto& list : lists) over += list->IsOver() ? 1 : 0;
  }
  CHECK(turnstile.held() == running);
  turnstile.Open();
  for (const auto& list : lists) {
    const grpc::Status status = list->End();
    if (status.ok()) continue;
    CHECK(Refusal::Of(status).message.find("stopping") != std::string::npos);
    ++refused;
  }
  CHECK(refused == kLists - running);
}

TEST_CASE("While a commit hangs, health says so two seconds later, queries work, and it recovers") {
  Harness harness;
  harness.Register("w");
  harness.store->commits.Close();
  std::thread client([&] { CHECK(harness.Beat("w").ok()); });
  AwaitHeld(harness.store->commits, 1);
  CHECK(harness.Health(kCommands) == kServing);
  harness.manual_clock.Advance(absl::Milliseconds(2'100));
  CHECK(harness.Health(kCommands) == kNotServing);
  CHECK(harness.Health(kQueries) == kServing);
  CHECK(harness.Health("") == kServing);
  v1::GetWorkerRequest one;
  one.set_worker_id("w");
  v1::GetWorkerResponse worker;
  CHECK(harness.Call(&v1::WorkerQueries::Stub::GetWorker, one, worker).ok());
  v1::GetFleetSummaryResponse summary;
  CHECK(harness.Call(&v1::WorkerQueries::Stub::GetFleetSummary, {}, summary).ok());
  harness.store->commits.Open();
  client.join();
  harness.Pass(absl::Seconds(1));  // it hears itself again
  CHECK(harness.Health(kCommands) == kServing);
}

}  // namespace
}  // namespace muster::rpc
