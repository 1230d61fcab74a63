#include "muster/roll.h"

#include <algorithm>
#include <random>
#include <utility>

#include "roll/read_pool.h"
#include "roll/writer.h"
#include "store/store.h"

namespace muster {
namespace {

// Jitter needs no more than to differ from one answer to the next: a generator for each thread, without
// locks.
std::uint64_t RandomBits() {
  thread_local std::uint64_t state = (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
  state += 0x9E3779B97F4A7C15u;  // SplitMix64
  std::uint64_t bits = state;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
  return bits ^ (bits >> 31);
}

}  // namespace

Roll::Roll(std::unique_ptr<Store> store, const Clock& clock, Executor& executor, Settings settings)
    : writer_(std::make_unique<Writer>(std::move(store), clock, executor, settings)) {
  if (writer_->store().Shared()) readers_ = std::make_unique<ReadPool>(writer_->store().Reader());
}

Roll::~Roll() = default;

void Roll::Start() {
  writer_->Start();
}

Outcome Roll::Submit(Command& command) {
  return writer_->Submit(command);
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
  if (readers_ != nullptr) return readers_->Run(std::move(query));
  query(writer_->store().Reader());
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
