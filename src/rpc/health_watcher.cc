#include "rpc/health_watcher.h"

#include <utility>

namespace muster::rpc {

std::shared_ptr<HealthWatcher> HealthWatcher::Begin(std::shared_ptr<Owner> owner, std::string service) {
  std::shared_ptr<HealthWatcher> watcher(new HealthWatcher(std::move(owner), std::move(service)));
  watcher->self_ = watcher;
  return watcher;
}

void HealthWatcher::Tell(Response::ServingStatus status) {
  Step step = Step::kNothing;
  {
    const MutexLock lock(mu_);
    if (!ending_) status_ = status;
    step = Next();
  }
  Do(step);
}

void HealthWatcher::End(Response::ServingStatus status) {
  Step step = Step::kNothing;
  {
    const MutexLock lock(mu_);
    status_ = status;
    ending_ = true;
    step = Next();
  }
  Do(step);
}

void HealthWatcher::OnWriteDone(bool ok) {
  Step step = Step::kNothing;
  {
    const MutexLock lock(mu_);
    writing_ = false;
    if (!ok) cancelled_ = true;
    step = Next();
  }
  Do(step);
}

void HealthWatcher::OnCancel() {
  Step step = Step::kNothing;
  {
    const MutexLock lock(mu_);
    cancelled_ = true;
    step = Next();
  }
  Do(step);
}

void HealthWatcher::OnDone() {
  const std::shared_ptr<HealthWatcher> self = std::move(self_);
  owner_->Remove(self);
}

HealthWatcher::Step HealthWatcher::Next() {
  if (writing_ || finished_) return Step::kNothing;
  if (!cancelled_ && status_ != told_) {
    told_ = status_;
    response_.set_status(status_);
    writing_ = true;
    return Step::kWrite;
  }
  if (!ending_ && !cancelled_) return Step::kNothing;
  finished_ = true;
  return Step::kFinish;
}

void HealthWatcher::Do(Step step) {
  if (step == Step::kWrite) StartWrite(&response_);
  if (step == Step::kFinish) Finish({grpc::StatusCode::UNAVAILABLE, "the daemon is stopping"});
}

}  // namespace muster::rpc
