#include "muster/roll.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "roll/random_bits.h"
#include "roll/read_pool.h"
#include "roll/writer.h"
#include "store/store.h"

namespace muster {
namespace {

// Where a query waits for a database, several at once. Where it only computes, no more than leave cores to
// those who bring heartbeats.
int ThreadsToRead(const Store& store) {
  constexpr int kWhereQueriesWait = 4;
  if (store.Shared()) return kWhereQueriesWait;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / 2);
}

}  // namespace

Roll::Roll(std::unique_ptr<Store> store, const Clock& clock, Executor& executor, Settings settings)
    : writer_(std::make_unique<Writer>(std::move(store), clock, executor, settings)),
      readers_(std::make_unique<ReadPool>(writer_->store().Reader(), ThreadsToRead(writer_->store()))) {}

Roll::~Roll() = default;

void Roll::Start() {
  writer_->Start();
}

Outcome Roll::Submit(Command& command) {
  return writer_->Submit(command);
}

void Roll::HoldBack() {
  writer_->HoldBack();
}

std::optional<WorkerError> Roll::Refuses(std::int64_t heartbeats) {
  return writer_->Refuses(heartbeats);
}

void Roll::RunJob(Job job, absl::AnyInvocable<void(Result<SweepReport>)> done) {
  writer_->RunJobs({job}, [done = std::move(done)](Result<std::vector<SweepReport>> reports) mutable {
    if (!reports.ok()) return done(reports.error());
    done(std::move(reports->front()));
  });
}

void Roll::RunAllJobs(absl::AnyInvocable<void(Result<SchedulerReport>)> done) {
  std::vector<Job> jobs(std::begin(kAllJobs), std::end(kAllJobs));
  writer_->RunJobs(std::move(jobs),
                   [done = std::move(done)](Result<std::vector<SweepReport>> reports) mutable {
                     if (!reports.ok()) return done(reports.error());
                     SchedulerReport report;
                     std::move(reports->begin(), reports->end(), report.begin());
                     done(std::move(report));
                   });
}

void Roll::Read(absl::AnyInvocable<void(const ReadTx&)> query) const {
  if (writer_->store().Shared()) return ReadAside(std::move(query));
  query(writer_->store().Reader());
}

void Roll::ReadAside(absl::AnyInvocable<void(const ReadTx&)> query) const {
  readers_->Run(std::move(query));
}

std::shared_ptr<const Settings> Roll::settings() const {
  return writer_->settings();
}

void Roll::SetSettings(Settings settings) {
  writer_->SetSettings(settings);
}

absl::Duration Roll::NextInterval() {
  return WithJitter(writer_->AdvisedInterval(), RandomBits(), *writer_->settings());
}

RollStatus Roll::Status() const {
  return writer_->Status();
}

void Roll::Drain(absl::AnyInvocable<void()> drained) {
  writer_->Drain(std::move(drained));
}

}  // namespace muster
