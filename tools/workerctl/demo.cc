#include "workerctl/demo.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(10);  // for a busy machine, on top of what is promised

std::string Seconds(absl::Duration duration) {
  return duration == absl::Floor(duration, absl::Seconds(1))
             ? absl::StrCat(absl::ToInt64Seconds(duration),
                            duration == absl::Seconds(1) ? " second" : " seconds")
             : DurationText(duration);
}

}  // namespace

Demo::Demo(Connection& connection, Interrupt& interrupt, std::ostream& out, std::string prefix,
           std::string mark)
    : connection_(connection),
      interrupt_(interrupt),
      out_(out),
      prefix_(std::move(prefix)),
      mark_(std::move(mark)) {}

Demo::~Demo() {
  for (const std::string& id : registered_) {
    v1::UnregisterWorkerRequest request;
    request.set_worker_id(id);
    v1::UnregisterWorkerResponse ignored;
    (void)connection_.Call(&v1::WorkerCommands::Stub::UnregisterWorker, request, ignored);
  }
}

std::optional<Failure> Demo::Play(absl::Duration heartbeat_timeout) {
  heartbeat_timeout_ = heartbeat_timeout;
  constexpr Step (Demo::*kSteps[])() = {&Demo::Register,   &Demo::Beat,         &Demo::Activate,
                                        &Demo::ShowActive, &Demo::ShowMetadata, &Demo::FallSilent,
                                        &Demo::Reactivate, &Demo::ShowFinal,    &Demo::UnregisterThird};
  for (const auto step : kSteps) {
    if (Step failed = (this->*step)()) return failed;
    out_.flush();
    if (out_.fail()) return std::nullopt;  // nobody listens any more
  }
  return std::nullopt;
}

Demo::Step Demo::Register() {
  out_ << "1. Registering workers...\n" << std::flush;
  if (Step failed = RegisterOne(1, "us-east-1", 10)) return failed;
  if (Step failed = RegisterOne(2, "eu-west-1", 5)) return failed;
  if (Step failed = RegisterOne(3, "ap-south-1", 8)) return failed;
  out_ << "   Registered: " << absl::StrJoin(registered_, ", ") << "\n"
       << "   Status: Pending (waiting for first heartbeat)\n\n";
  return std::nullopt;
}

Demo::Step Demo::Beat() {
  out_ << "2. Sending heartbeats for " << Id(1) << " and " << Id(2) << "...\n" << std::flush;
  if (Step failed = BeatOne(1)) return failed;
  if (Step failed = BeatOne(2)) return failed;
  out_ << "   Heartbeats recorded\n\n";
  return std::nullopt;
}

Demo::Step Demo::Activate() {
  out_ << "3. Running scheduler to activate workers with heartbeats...\n" << std::flush;
  if (Step failed = RunScheduler()) return failed;
  if (Step failed = Expect(1, v1::WORKER_STATUS_ACTIVE)) return failed;
  if (Step failed = Expect(2, v1::WORKER_STATUS_ACTIVE)) return failed;
  if (Step failed = Expect(3, v1::WORKER_STATUS_PENDING)) return failed;
  out_ << "   Activated: " << Id(1) << ", " << Id(2) << "\n"
       << "   (" << Id(3) << " still Pending - no heartbeat yet)\n\n";
  return std::nullopt;
}

Demo::Step Demo::ShowActive() {
  out_ << "4. Querying active workers...\n" << std::flush;
  std::string active;
  if (Step failed = Find(v1::WORKER_STATUS_ACTIVE, active)) return failed;
  const std::string expected = absl::StrCat(Id(1), ", ", Id(2));
  if (active != expected) return Differs(absl::StrCat("active workers ", expected), active);
  out_ << "   Active workers: " << active << "\n\n";
  return std::nullopt;
}

Demo::Step Demo::ShowMetadata() {
  out_ << "5. Getting " << Id(1) << " with metadata...\n" << std::flush;
  for (const int number : {1, 2}) {
    v1::Worker worker;
    if (Step failed = Get(number, worker)) return failed;
    if (!worker.has_last_heartbeat_at()) return Differs("a last heartbeat of " + Id(number), "none");
    if (worker.heartbeats().total() != 1) {
      return Differs(absl::StrCat("one heartbeat of ", Id(number)),
                     absl::StrCat(worker.heartbeats().total()));
    }
    out_ << "   " << worker.id() << ": " << StatusName(worker.status()) << ", region=" << worker.region()
         << ", capacity=" << worker.capacity()
         << ", last heartbeat=" << Rfc3339(TimeOf(worker.last_heartbeat_at())) << "\n";
  }
  out_ << "\n";
  return std::nullopt;
}

Demo::Step Demo::FallSilent() {
  out_ << "6. Simulating heartbeat timeout (waiting 2 minutes)...\n";
  if (heartbeat_timeout_ != absl::Minutes(2)) {
    out_ << "   (Using short timeout for demo: " << Seconds(heartbeat_timeout_) << ")\n";
  }
  out_ << std::flush;
  if (Step failed = Wait(heartbeat_timeout_)) return failed;
  for (const int number : {1, 2}) {
    if (Step failed = Await(number, v1::WORKER_STATUS_OFFLINE, heartbeat_timeout_ + kGrace)) return failed;
  }
  out_ << "   Marked offline: " << Id(1) << ", " << Id(2) << "\n\n";
  return std::nullopt;
}

Demo::Step Demo::Reactivate() {
  out_ << "7. Sending heartbeat for " << Id(1) << " to reactivate...\n" << std::flush;
  if (Step failed = BeatOne(1)) return failed;
  if (Step failed = RunScheduler()) return failed;
  if (Step failed = Expect(1, v1::WORKER_STATUS_ACTIVE)) return failed;
  out_ << "   Reactivated: " << Id(1) << "\n\n";
  return std::nullopt;
}

Demo::Step Demo::ShowFinal() {
  out_ << "8. Final worker states:\n" << std::flush;
  const std::pair<int, v1::WorkerStatus> finals[] = {
      {1, v1::WORKER_STATUS_ACTIVE}, {2, v1::WORKER_STATUS_OFFLINE}, {3, v1::WORKER_STATUS_PENDING}};
  for (const auto& [number, status] : finals) {
    if (Step failed = Expect(number, status)) return failed;
    out_ << "   " << Id(number) << ": " << StatusName(status) << "\n";
  }
  out_ << "\n";
  return std::nullopt;
}

Demo::Step Demo::UnregisterThird() {
  out_ << "9. Unregistering " << Id(3) << "...\n" << std::flush;
  v1::UnregisterWorkerRequest request;
  request.set_worker_id(Id(3));
  v1::UnregisterWorkerResponse response;
  const grpc::Status status =
      connection_.Call(&v1::WorkerCommands::Stub::UnregisterWorker, request, response);
  if (!status.ok()) return Explain(status, AttemptOf("unregister", 3));
  std::erase(registered_, Id(3));
  std::string remaining;
  if (Step failed = Find(v1::WORKER_STATUS_UNSPECIFIED, remaining)) return failed;
  const std::string expected = absl::StrCat(Id(1), ", ", Id(2));
  if (remaining != expected) return Differs(absl::StrCat("remaining workers ", expected), remaining);
  out_ << "   Remaining workers: " << remaining << "\n\n" << std::flush;
  return std::nullopt;
}

std::string Demo::Id(int number) const {
  return absl::StrCat(prefix_, "worker-", number);
}

Demo::Step Demo::RegisterOne(int number, const std::string& region, int capacity) {
  v1::RegisterWorkerRequest request;
  request.set_worker_id(Id(number));
  request.set_region(region);
  request.set_capacity(capacity);
  for (const char* capability : {"compute", "storage"}) request.add_capabilities(capability);
  (*request.mutable_metadata())["demo"] = mark_;
  v1::RegisterWorkerResponse response;
  const grpc::Status status = connection_.Call(&v1::WorkerCommands::Stub::RegisterWorker, request, response);
  if (!status.ok()) return Explain(status, AttemptOf("register", number));
  registered_.push_back(Id(number));
  if (response.worker().status() == v1::WORKER_STATUS_PENDING) return std::nullopt;
  return Differs(Id(number) + " to be Pending", StatusName(response.worker().status()));
}

Demo::Step Demo::BeatOne(int number) {
  v1::HeartbeatRequest request;
  request.set_worker_id(Id(number));
  v1::HeartbeatResponse response;
  const grpc::Status status = connection_.Call(&v1::WorkerCommands::Stub::Heartbeat, request, response);
  if (!status.ok()) return Explain(status, AttemptOf("heartbeat", number));
  return std::nullopt;
}

Demo::Step Demo::Get(int number, v1::Worker& worker) {
  v1::GetWorkerRequest request;
  request.set_worker_id(Id(number));
  request.set_view(v1::WORKER_VIEW_HEARTBEATS);
  v1::GetWorkerResponse response;
  const grpc::Status status = connection_.Call(&v1::WorkerQueries::Stub::GetWorker, request, response);
  if (!status.ok()) return Explain(status, AttemptOf("get", number));
  worker = std::move(*response.mutable_worker());
  return std::nullopt;
}

Demo::Step Demo::Find(v1::WorkerStatus status, std::string& ids) {
  v1::ListWorkersRequest request;
  if (status != v1::WORKER_STATUS_UNSPECIFIED) request.add_statuses(status);
  (*request.mutable_metadata())["demo"] = mark_;
  std::vector<std::string> found;
  do {
    v1::ListWorkersResponse page;
    const grpc::Status answer = connection_.Call(&v1::WorkerQueries::Stub::ListWorkers, request, page);
    if (!answer.ok()) return Explain(answer, {"list", "", connection_.server(), connection_.timeout()});
    for (const v1::Worker& worker : page.workers()) found.push_back(worker.id());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  ids = absl::StrJoin(found, ", ");
  return std::nullopt;
}

Demo::Step Demo::RunScheduler() {
  v1::RunSchedulerResponse response;
  const grpc::Status status =
      connection_.Call(&v1::WorkerCommands::Stub::RunScheduler, v1::RunSchedulerRequest(), response);
  if (!status.ok())
    return Explain(status, {"run-scheduler", "", connection_.server(), connection_.timeout()});
  return std::nullopt;
}

// States are checked, not the scheduler's report: the daemon's own ticks may have moved a worker a moment
// earlier.
Demo::Step Demo::Expect(int number, v1::WorkerStatus status) {
  v1::Worker worker;
  if (Step failed = Get(number, worker)) return failed;
  if (worker.status() == status) return std::nullopt;
  return Differs(absl::StrCat(Id(number), " to be ", StatusName(status)), StatusName(worker.status()));
}

Demo::Step Demo::Await(int number, v1::WorkerStatus status, absl::Duration patience) {
  constexpr absl::Duration kStep = absl::Milliseconds(100);
  for (absl::Duration waited;; waited += kStep) {
    if (Step failed = RunScheduler()) return failed;
    v1::Worker worker;
    if (Step failed = Get(number, worker)) return failed;
    if (worker.status() == status) return std::nullopt;
    if (waited >= patience) {
      return Differs(absl::StrCat(Id(number), " to be ", StatusName(status)), StatusName(worker.status()));
    }
    if (Step failed = Wait(kStep)) return failed;
  }
}

Demo::Step Demo::Wait(absl::Duration duration) {
  if (interrupt_.WaitFor(duration)) return std::nullopt;
  return Failure{"interrupted", "", kInterrupted};
}

Demo::Step Demo::Differs(const std::string& expected, const std::string& got) const {
  return Failure{
      absl::StrCat("the demo expected ", expected, "; the daemon says ", got.empty() ? "none" : got),
      "This should not happen: please report it, with the daemon's log."};
}

Attempt Demo::AttemptOf(const std::string& command, int number) const {
  return {command, Id(number), connection_.server(), connection_.timeout()};
}

}  // namespace muster::ctl
