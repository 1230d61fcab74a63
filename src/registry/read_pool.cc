#include "registry/read_pool.h"

#include <optional>
#include <utility>

namespace muster {
namespace {

constexpr absl::Duration kLookAtLeastEvery = absl::Seconds(60);

StoreUnavailable Stopping() {
  return {"the daemon is stopping"};
}

}  // namespace

ReadPool::ReadPool(const ScanReads& reads, const Clock& clock, Random& random, int threads,
                   absl::Duration max_wait)
    : reads_(reads),
      clock_(clock),
      random_(random),
      max_at_once_(static_cast<std::size_t>(threads)),
      admission_(threads, max_wait) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

ReadPool::~ReadPool() {
  Drain();
  for (std::thread& thread : threads_) thread.join();
}

void ReadPool::Run(ReadCaller caller, ScanQuery query) {
  const absl::Duration now = clock_.MonotonicNow();
  const absl::Duration deadline = now + (caller.deadline - clock_.WallNow());
  std::optional<WorkerError> refusal;
  {
    const MutexLock lock(mu_);
    if (draining_) {
      refusal = Stopping();
    } else if (running_ + waiting_.size() >= max_at_once_) {
      const absl::Duration first_since = waiting_.empty() ? now : waiting_.front().since;
      refusal = admission_.Refuses(now, waiting_.size(), first_since, random_.Bits());
    }
    if (!refusal) {
      waiting_.push_back({std::move(caller), deadline, now, std::move(query)});
      has_work_.Signal();
      return;
    }
  }
  query(*std::move(refusal));
}

void ReadPool::Drain() {
  std::deque<Waiting> refused;
  {
    const MutexLock lock(mu_);
    draining_ = true;
    refused.swap(waiting_);
  }
  has_work_.SignalAll();
  for (Waiting& read : refused) read.query(Stopping());
}

bool ReadPool::AwaitEnd(absl::Duration patience) {
  const absl::Duration until = clock_.MonotonicNow() + patience;
  const MutexLock lock(mu_);
  while (running_ > 0) {
    const absl::Duration left = until - clock_.MonotonicNow();
    if (left <= absl::ZeroDuration()) return false;
    ended_.WaitWithTimeout(mu_, left);
  }
  return true;
}

void ReadPool::Work() {
  while (std::optional<Waiting> read = Take()) CarryOut(*read);
}

std::optional<ReadPool::Waiting> ReadPool::Take() {
  const MutexLock lock(mu_);
  while (waiting_.empty()) {
    if (draining_) return std::nullopt;
    has_work_.WaitWithTimeout(mu_, kLookAtLeastEvery);
  }
  std::optional<Waiting> next = std::move(waiting_.front());
  waiting_.pop_front();
  ++running_;
  return next;
}

void ReadPool::CarryOut(Waiting& read) {
  const absl::Duration begin = clock_.MonotonicNow();
  const bool waited = begin - read.since >= kWorthAsking;
  const bool given_up = waited && (begin >= read.deadline || (read.caller.gone && read.caller.gone()));
  if (given_up) {
    read.query(Overloaded{ReadAdmission::kMinRetry, "its caller had given up when its turn came"});
  } else {
    read.query(&reads_);
  }
  const absl::Duration end = clock_.MonotonicNow();
  const MutexLock lock(mu_);
  --running_;
  ended_.Signal();
  if (!given_up) admission_.Ended(end - begin);
}

}  // namespace muster
