// What this process counts about itself. A metric is a variable at namespace scope; it lists itself, so that
// an export finds it without a list that someone must keep. To count costs one relaxed atomic addition: no
// lock, no allocation, any thread, any path.
//
// The values of a label are those of an enum. So a metric has as many series as were written down, and no
// client can make one more. There is never a label for a worker, a region or an address.
//
//     // in a header
//     enum class Refusal { kFull, kTooMany };
//     constexpr LabelValues<2> LabelOf(Refusal) { return {"cause", {"full", "too_many"}}; }
//     extern Counter<Refusal> refusals;
//     // in a source file
//     Counter<Refusal> refusals({"muster_refusals_total", "What was refused.", MetricUnit::kOne});
//     // anywhere
//     refusals.Add(1, Refusal::kFull);
//
// Metrics are of the process: two registries in one process share them. They start at zero with it, and they
// may be used until it has ended.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace muster {

enum class MetricKind { kCounter, kGauge };  // a counter only grows
enum class MetricUnit { kOne, kBytes, kNanoseconds };

/// All text is literals.
struct MetricText {
  std::string_view name;  // as Prometheus wants it: lower case, a counter ends in _total
  std::string_view help;  // one sentence
  MetricUnit unit = MetricUnit::kOne;
};

/// The name of a label, and its values in the order of its enum, which starts at 0 and has no gaps.
template <std::size_t N>
struct LabelValues {
  static constexpr std::size_t kCount = N;
  std::string_view name;
  std::array<std::string_view, N> values;
};

struct MetricLabel {
  std::string_view name;
  std::string_view value;
};

/// What is common to all metrics. Never destroyed before the process ends: it has no destructor.
class Metric {
 public:
  Metric(const Metric&) = delete;
  Metric& operator=(const Metric&) = delete;

  const MetricText& text() const { return text_; }
  MetricKind kind() const { return kind_; }

  /// Calls `see` for each series of this metric, with its labels and its value.
  virtual void VisitSeries(
      absl::FunctionRef<void(absl::Span<const MetricLabel>, std::int64_t)> see) const = 0;

  /// Calls `see` for each metric of the process, in no order. Thread-safe once main has begun.
  static void VisitAll(absl::FunctionRef<void(const Metric&)> see);

 protected:
  Metric(MetricKind kind, const MetricText& text);
  ~Metric() = default;

 private:
  const MetricKind kind_;
  const MetricText text_;
  const Metric* next_;
};

namespace internal {

/// The cells of a metric: one for each combination of its labels' values.
template <typename... Labels>
class MetricCells : public Metric {
  static_assert((std::is_enum_v<Labels> && ...), "the values of a label are those of an enum");

 public:
  std::int64_t value(Labels... labels) const { return cell(labels...).load(std::memory_order_relaxed); }

  /// The sum of all series.
  std::int64_t total() const {
    std::int64_t sum = 0;
    for (const auto& each : cells_) sum += each.load(std::memory_order_relaxed);
    return sum;
  }

  void VisitSeries(absl::FunctionRef<void(absl::Span<const MetricLabel>, std::int64_t)> see) const override {
    for (std::size_t i = 0; i < kCells; ++i) {
      std::array<MetricLabel, sizeof...(Labels)> labels;
      std::size_t rest = i;
      std::size_t at = sizeof...(Labels);
      // The last label changes fastest, as in Index.
      const auto take = [&](const auto& of) {
        --at;
        labels[at] = {of.name, of.values[rest % of.values.size()]};
        rest /= of.values.size();
      };
      TakeFromTheLast(take, Labels{}...);
      see(labels, cells_[i].load(std::memory_order_relaxed));
    }
  }

 protected:
  using Metric::Metric;
  std::atomic<std::int64_t>& cell(Labels... labels) { return cells_[Index(labels...)]; }
  const std::atomic<std::int64_t>& cell(Labels... labels) const { return cells_[Index(labels...)]; }

 private:
  template <typename Label>
  static constexpr std::size_t kValues = decltype(LabelOf(Label{}))::kCount;
  static constexpr std::size_t kCells = (std::size_t{1} * ... * kValues<Labels>);

  static std::size_t Index(Labels... labels) {
    std::size_t index = 0;
    ((index = index * kValues<Labels> + static_cast<std::size_t>(labels)), ...);
    return index;
  }
  template <typename Take>
  static void TakeFromTheLast(const Take&) {}
  template <typename Take, typename First, typename... Rest>
  static void TakeFromTheLast(const Take& take, First first, Rest... rest) {
    TakeFromTheLast(take, rest...);
    take(LabelOf(first));
  }

  std::array<std::atomic<std::int64_t>, kCells> cells_ = {};
};

}  // namespace internal

/// Thread-safe.
template <typename... Labels>
class Counter final : public internal::MetricCells<Labels...> {
 public:
  explicit Counter(const MetricText& text) : internal::MetricCells<Labels...>(MetricKind::kCounter, text) {}

  /// Precondition: more >= 0.
  void Add(std::int64_t more, Labels... labels) {
    this->cell(labels...).fetch_add(more, std::memory_order_relaxed);
  }
  /// For a unit of nanoseconds.
  void AddTime(absl::Duration more, Labels... labels) { Add(absl::ToInt64Nanoseconds(more), labels...); }
  absl::Duration time(Labels... labels) const { return absl::Nanoseconds(this->value(labels...)); }
};

/// Thread-safe.
template <typename... Labels>
class Gauge final : public internal::MetricCells<Labels...> {
 public:
  explicit Gauge(const MetricText& text) : internal::MetricCells<Labels...>(MetricKind::kGauge, text) {}

  void Set(std::int64_t now, Labels... labels) {
    this->cell(labels...).store(now, std::memory_order_relaxed);
  }
  /// `more` may be negative.
  void Add(std::int64_t more, Labels... labels) {
    this->cell(labels...).fetch_add(more, std::memory_order_relaxed);
  }
  /// Keeps the largest value that was seen.
  void Raise(std::int64_t seen, Labels... labels) {
    std::atomic<std::int64_t>& cell = this->cell(labels...);
    std::int64_t largest = cell.load(std::memory_order_relaxed);
    while (largest < seen && !cell.compare_exchange_weak(largest, seen, std::memory_order_relaxed)) {
    }
  }
  /// For a unit of nanoseconds.
  void SetTime(absl::Duration now, Labels... labels) { Set(absl::ToInt64Nanoseconds(now), labels...); }
  void RaiseTime(absl::Duration seen, Labels... labels) { Raise(absl::ToInt64Nanoseconds(seen), labels...); }
  absl::Duration time(Labels... labels) const { return absl::Nanoseconds(this->value(labels...)); }
};

}  // namespace muster
