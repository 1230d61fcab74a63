#include "roll/read_pool.h"

#include <utility>

namespace muster {
namespace {

constexpr absl::Duration kRetryAfter = absl::Seconds(1);
constexpr absl::Duration kLookAtLeastEvery = absl::Seconds(60);

/// Answers everything with Overloaded, so that a query is refused in its own words.
class RefusingReader final : public ReadTx {
 public:
  explicit RefusingReader(const ReadTx& reader) : reader_(reader) {}
  Result<std::optional<WorkerView>> Find(std::string_view) const override { return Refusal(); }
  Result<std::vector<WorkerView>> List(const WorkerFilter&, std::string_view, int) const override {
    return Refusal();
  }
  Result<std::vector<HeartbeatRecord>> Heartbeats(std::string_view, std::int64_t, int) const override {
    return Refusal();
  }
  Result<std::vector<Event>> Events(std::string_view, std::int64_t, bool, int) const override {
    return Refusal();
  }
  Result<std::vector<RegionTotals>> Totals() const override { return Refusal(); }
  Result<std::vector<RegionHold>> Holds() const override { return Refusal(); }
  Result<std::int64_t> LastCursor() const override { return Refusal(); }
  std::string_view TokenKey() const override { return reader_.TokenKey(); }

 private:
  static WorkerError Refusal() { return Overloaded{kRetryAfter}; }
  const ReadTx& reader_;
};

}  // namespace

ReadPool::ReadPool(const ReadTx& reader, int threads) : reader_(reader) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

ReadPool::~ReadPool() {
  {
    const MutexLock lock(mu_);
    stopping_ = true;
  }
  has_work_.SignalAll();
  for (std::thread& thread : threads_) thread.join();
}

void ReadPool::Run(absl::AnyInvocable<void(const ReadTx&)> query) {
  {
    const MutexLock lock(mu_);
    if (waiting_.size() < kMostWaiting) {
      waiting_.push_back(std::move(query));
      has_work_.Signal();
      return;
    }
  }
  query(RefusingReader(reader_));
}

void ReadPool::Work() {
  for (;;) {
    absl::AnyInvocable<void(const ReadTx&)> query;
    {
      const MutexLock lock(mu_);
      while (waiting_.empty()) {
        if (stopping_) return;
        has_work_.WaitWithTimeout(mu_, kLookAtLeastEvery);
      }
      query = std::move(waiting_.front());
      waiting_.pop_front();
    }
    query(reader_);
  }
}

}  // namespace muster
