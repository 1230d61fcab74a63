#include "runtime/metrics.h"

namespace muster {
namespace {

// The metric that was defined last; each one knows the one before it. Needs no initialization at run time,
// so that metrics of any source file can list themselves before main.
constinit std::atomic<const Metric*> newest = nullptr;

// Threads may count until the process has ended.
static_assert(std::is_trivially_destructible_v<Counter<>> && std::is_trivially_destructible_v<Gauge<>>);

}  // namespace

Metric::Metric(MetricKind kind, const MetricText& text)
    : kind_(kind), text_(text), next_(newest.load(std::memory_order_relaxed)) {
  newest.store(this, std::memory_order_release);
}

void Metric::VisitAll(absl::FunctionRef<void(const Metric&)> see) {
  for (const Metric* each = newest.load(std::memory_order_acquire); each != nullptr; each = each->next_) {
    see(*each);
  }
}

}  // namespace muster
