#include "registry/sweep_queue.h"

#include <algorithm>
#include <utility>

#include "muster/check.h"

namespace muster {

void SweepQueue::Add(std::vector<Job> jobs, Done done) {
  MUSTER_CHECK(!jobs.empty(), "a run has something to do");
  std::reverse(jobs.begin(), jobs.end());
  Run run;
  run.jobs = std::move(jobs);
  run.done = std::move(done);
  runs_.push_back(std::move(run));
}

Outcome SweepQueue::Step(WriteTx& tx, const SweepMoment& now, const Settings& settings) {
  MUSTER_CHECK(!empty(), "a run is under way");
  Run& run = runs_.front();
  if (run.sweep == nullptr) run.sweep = NewSweep(run.jobs.back());
  const Result<bool> complete = run.sweep->Step(tx, now, settings, kStepLimit);
  if (!complete.ok()) return complete.error();
  run.complete = *complete;
  return Ok();
}

bool SweepQueue::RunEnds() const {
  MUSTER_CHECK(!empty(), "a run is under way");
  return runs_.front().complete && runs_.front().jobs.size() == 1;
}

SweepQueue::Progress SweepQueue::StepCommitted() {
  MUSTER_CHECK(!empty() && runs_.front().sweep != nullptr, "a step was staged");
  Run& run = runs_.front();
  const SweepReport& report = run.sweep->report();
  Progress progress;
  progress.job = run.jobs.back();
  progress.moved = report.moved - run.committed.moved;
  progress.ids.assign(report.ids.begin() + static_cast<std::ptrdiff_t>(run.named), report.ids.end());
  progress.worst_latency = report.worst_latency;
  progress.false_offlines = report.false_offlines - run.committed.false_offlines;
  run.committed.moved = report.moved;
  run.committed.false_offlines = report.false_offlines;
  run.named = report.ids.size();
  ++run.steps_committed;
  if (!run.complete) return progress;

  run.reports.push_back(report);
  run.jobs.pop_back();
  run.sweep.reset();
  run.committed = {};
  run.named = 0;
  run.steps_committed = 0;
  if (run.jobs.empty()) {
    Run finished = std::move(runs_.front());
    runs_.pop_front();
    finished.done(std::move(finished.reports));
  }
  return progress;
}

bool SweepQueue::StartSweepAnew() {
  Run& run = runs_.front();
  if (run.steps_committed > 0) return false;
  run.sweep.reset();
  run.complete = false;
  return true;
}

void SweepQueue::StepFailed(const WorkerError& error) {
  MUSTER_CHECK(!empty(), "a run is under way");
  Run failed = std::move(runs_.front());
  runs_.pop_front();
  failed.done(error);
}

void SweepQueue::Abandon(const WorkerError& error) {
  while (!runs_.empty()) StepFailed(error);
}

}  // namespace muster
