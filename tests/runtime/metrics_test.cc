#include "runtime/metrics.h"

#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "runtime/health_metrics.h"
#include "tests/catch.h"

namespace muster {
namespace {

enum class Colour { kRed, kGreen, kBlue };
constexpr LabelValues<3> LabelOf(Colour) {
  return {"colour", {"red", "green", "blue"}};
}
enum class Size { kSmall, kLarge };
constexpr LabelValues<2> LabelOf(Size) {
  return {"size", {"small", "large"}};
}

Counter<Size, Colour> balls({"test_balls_total", "Balls."});
Gauge<> weight({"test_weight_bytes", "Weight.", MetricUnit::kBytes});
Counter<Size> waits({"test_waits_seconds_total", "Waits.", MetricUnit::kNanoseconds});

std::map<std::string, std::int64_t> SeriesOf(const Metric& metric) {
  std::map<std::string, std::int64_t> series;
  metric.VisitSeries([&](absl::Span<const MetricLabel> labels, std::int64_t value) {
    std::string name;
    for (const MetricLabel& each : labels)
      name += std::string(each.name) + "=" + std::string(each.value) + " ";
    series[name] = value;
  });
  return series;
}

TEST_CASE("each combination of labels is a series of its own, from the start") {
  balls.Add(2, Size::kSmall, Colour::kBlue);
  balls.Add(3, Size::kLarge, Colour::kRed);
  CHECK(balls.value(Size::kSmall, Colour::kBlue) == 2);
  CHECK(balls.total() == 5);
  const std::map<std::string, std::int64_t> expected = {
      {"size=small colour=red ", 0}, {"size=small colour=green ", 0}, {"size=small colour=blue ", 2},
      {"size=large colour=red ", 3}, {"size=large colour=green ", 0}, {"size=large colour=blue ", 0}};
  CHECK(SeriesOf(balls) == expected);
}

TEST_CASE("a metric without a label is one series") {
  weight.Set(10);
  weight.Add(-3);
  CHECK(weight.value() == 7);
  weight.Raise(5);
  CHECK(weight.value() == 7);
  weight.Raise(9);
  CHECK(SeriesOf(weight) == std::map<std::string, std::int64_t>{{"", 9}});
}

TEST_CASE("time is counted in whole nanoseconds") {
  waits.AddTime(absl::Milliseconds(1'500), Size::kLarge);
  waits.AddTime(absl::Nanoseconds(1), Size::kLarge);
  CHECK(waits.value(Size::kLarge) == 1'500'000'001);
  CHECK(waits.time(Size::kLarge) == absl::Milliseconds(1'500) + absl::Nanoseconds(1));
}

TEST_CASE("threads that count lose nothing") {
  const std::int64_t before = balls.value(Size::kSmall, Colour::kGreen);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int n = 0; n < 10'000; ++n) balls.Add(1, Size::kSmall, Colour::kGreen);
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(balls.value(Size::kSmall, Colour::kGreen) - before == 40'000);
}

TEST_CASE("an export finds every metric, under a name that Prometheus takes") {
  std::set<std::string> names;
  log_lines_lost.Add(0, LogLoss::kSource, LogLevel{});  // so that it is linked in
  Metric::VisitAll([&](const Metric& metric) {
    const std::string name(metric.text().name);
    CAPTURE(name);
    CHECK(names.insert(name).second);
    CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos);
    const bool total = name.size() > 6 && name.substr(name.size() - 6) == "_total";
    CHECK(total == (metric.kind() == MetricKind::kCounter));
    CHECK((name.find("_seconds") != std::string::npos) == (metric.text().unit == MetricUnit::kNanoseconds));
    CHECK((name.find("_bytes") != std::string::npos) == (metric.text().unit == MetricUnit::kBytes));
    CHECK_FALSE(metric.text().help.empty());
    metric.VisitSeries([](absl::Span<const MetricLabel> labels, std::int64_t) {
      for (const MetricLabel& each : labels) {
        CHECK_FALSE(each.name.empty());
        CHECK_FALSE(each.value.empty());
      }
    });
  });
  for (const char* each : {"test_balls_total", "test_weight_bytes", "muster_log_lines_lost_total",
                           "muster_blind_seconds_total", "muster_connections_open"}) {
    CHECK(names.count(each) == 1);
  }
}

}  // namespace
}  // namespace muster
