#include "muster/registry.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/escaping.h"
#include "domain/address_turns.h"
#include "muster/check.h"
#include "registry/answered_probes.h"
#include "registry/read_pool.h"
#include "registry/writer.h"
#include "store/store.h"

namespace muster {
namespace {

constexpr absl::Duration kMaxPointWait = absl::Milliseconds(250);
constexpr absl::Duration kMaxScanWait = absl::Seconds(1);

// Point reads wait for a disk or a database. Both lanes together must not have more threads than
// PostgreSQL's pool has connections: they would wait for each other there.
constexpr int kPointThreads = 2;

std::string RandomName(Random& random) {
  char bytes[16];
  random.Fill(bytes);
  return absl::BytesToHexString({bytes, sizeof bytes});
}

/// A heartbeat of the hidden worker; deletes itself when it is finished.
class ProbeCommand final : public Command {
 public:
  ProbeCommand(std::string_view token, AnsweredProbes& tokens,
               absl::AnyInvocable<void(const WorkerError*)> answered)
      : token_(token), tokens_(tokens), answered_(std::move(answered)) {
    heartbeats_asked_ = 1;
    stages_nothing_ = true;
  }
  void CollectKeys(BatchKeys& /*keys*/) const override {}
  void Apply(WriteTx& /*tx*/, const Moment& /*now*/) override {}
  void Finish(const WorkerError* not_durable) override {
    const std::unique_ptr<ProbeCommand> self(this);
    if (not_durable == nullptr) tokens_.Add(token_);
    answered_(not_durable);
  }

 private:
  const std::string token_;
  AnsweredProbes& tokens_;
  absl::AnyInvocable<void(const WorkerError*)> answered_;
};

// Where scans wait for a database, several run at once. Where they only compute, they leave cores to the
// threads that serve heartbeats.
int ScanThreads(const Store& store) {
  constexpr int kWhereScansWait = 2;
  if (store.MemoryReads() == nullptr) return kWhereScansWait;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / 2);
}

}  // namespace

Registry::Registry(std::unique_ptr<Store> store, const Clock& clock, Random& random, Executor& executor,
                   Settings settings)
    : clock_(clock),
      random_(random),
      address_turns_(std::make_unique<AddressTurns>()),
      probe_id_("~probe~" + RandomName(random)),
      answered_probes_(std::make_unique<AnsweredProbes>()),
      writer_(std::make_unique<Writer>(std::move(store), clock, random, executor, settings)),
      point_reads_(
          std::make_unique<ReadPool>(writer_->store().Reader(), clock, random, kPointThreads, kMaxPointWait)),
      scan_reads_(std::make_unique<ReadPool>(writer_->store().Reader(), clock, random,
                                             ScanThreads(writer_->store()), kMaxScanWait)) {}

Registry::~Registry() = default;

void Registry::Start(std::vector<std::string> sockets, std::string boot_id) {
  writer_->Start(std::move(sockets), std::move(boot_id));
}

Outcome Registry::Submit(Command& command) {
  return writer_->Submit(command);
}

void Registry::SubmitOwned(std::unique_ptr<Command> command) {
  Command& submitted = *command.release();  // Finish deletes it, which may be over if it was taken
  const Outcome taken = Submit(submitted);
  if (!taken.ok()) submitted.Finish(&taken.error());
}

void Registry::WaitIfBusy() {
  writer_->WaitIfBusy();
}

std::optional<WorkerError> Registry::Refuses(std::int64_t heartbeats) {
  return writer_->Refuses(heartbeats);
}

void Registry::RunJob(Job job, absl::AnyInvocable<void(Result<SweepReport>)> done) {
  writer_->RunJobs({job}, [done = std::move(done)](Result<std::vector<SweepReport>> reports) mutable {
    if (!reports.ok()) return done(reports.error());
    done(std::move(reports->front()));
  });
}

void Registry::RunAllJobs(absl::AnyInvocable<void(Result<SchedulerReport>)> done) {
  std::vector<Job> jobs(std::begin(kAllJobs), std::end(kAllJobs));
  writer_->RunJobs(std::move(jobs),
                   [done = std::move(done)](Result<std::vector<SweepReport>> reports) mutable {
                     if (!reports.ok()) return done(reports.error());
                     SchedulerReport report;
                     std::move(reports->begin(), reports->end(), report.begin());
                     done(std::move(report));
                   });
}

void Registry::Read(ReadCaller caller, PointQuery query) const {
  if (const PointReads* memory = writer_->store().MemoryReads()) return query(memory);
  ReadOnPool(ReadLane::kPoint, std::move(caller),
             [query = std::move(query)](Result<const ScanReads*> reads) mutable {
               if (!reads.ok()) return query(reads.error());
               query(*reads);
             });
}

void Registry::ReadOnPool(ReadLane lane, ReadCaller caller, ScanQuery query) const {
  (lane == ReadLane::kPoint ? point_reads_ : scan_reads_)->Run(std::move(caller), std::move(query));
}

std::shared_ptr<const Settings> Registry::settings() const {
  return writer_->settings();
}

void Registry::SetSettings(Settings settings) {
  MUSTER_CHECK(!Validate(settings), "the settings make sense");
  writer_->SetSettings(settings);
}

absl::Duration Registry::NextInterval() {
  return WithJitter(writer_->AdvisedInterval(), random_.Bits(), *writer_->settings());
}

std::string Registry::NewInstanceId() {
  return RandomName(random_);
}

RegistryStatus Registry::Status() const {
  return writer_->Status();
}

bool Registry::IsAllOfProbe(std::string_view worker_id) const {
  if (worker_id.size() != probe_id_.size()) return false;
  volatile char differs = 0;  // volatile: the loop must not end at the first difference
  for (std::size_t i = 0; i < probe_id_.size(); ++i) {
    differs = static_cast<char>(differs | (worker_id[i] ^ probe_id_[i]));
  }
  return differs == 0;
}

void Registry::Probe(std::string_view token, absl::AnyInvocable<void(const WorkerError*)> answered) {
  SubmitOwned(std::make_unique<ProbeCommand>(token, *answered_probes_, std::move(answered)));
}

bool Registry::TakeProbe(std::string_view token) {
  return answered_probes_->Take(token);
}

Listening& Registry::listening() {
  return writer_->listening();
}

RollTimeouts Registry::Timeouts() const {
  return writer_->Timeouts();
}

void Registry::Drain(absl::AnyInvocable<void()> drained) {
  point_reads_->Drain();
  scan_reads_->Drain();
  writer_->Drain(std::move(drained));
}

void Registry::EndReads(absl::Duration patience) {
  const absl::Duration until = clock_.MonotonicNow() + patience;
  for (ReadPool* reads : {point_reads_.get(), scan_reads_.get()}) {
    if (reads->AwaitEnd(until - clock_.MonotonicNow())) continue;
    return writer_->store().CancelReads();
  }
}

}  // namespace muster
