// Settings that make no sense are refused, with what to change.
#include "muster/settings.h"

#include <functional>
#include <limits>
#include <string>

#include "catch.h"

using namespace muster;

namespace {

std::string ProblemWith(const std::function<void(Settings&)>& change) {
  Settings settings;
  change(settings);
  return Validate(settings).value_or("");
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinite = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("the defaults are valid, and so are the settings of a demonstration of a few seconds") {
  CHECK_FALSE(Validate(Settings()));
  CHECK(ProblemWith([](Settings& s) {
          s.heartbeat_timeout = absl::Seconds(3);
          s.activation_interval = s.stale_interval = s.reactivation_interval = absl::Seconds(1);
        }).empty());
}

TEST_CASE("the least interval follows the timeout unless it is set") {
  Settings settings;
  CHECK(settings.EffectiveMinInterval() == absl::Seconds(10));
  settings.heartbeat_timeout = absl::Seconds(6);
  CHECK(settings.EffectiveMinInterval() == absl::Seconds(2));
  settings.min_heartbeat_interval = absl::Seconds(1);
  CHECK(settings.EffectiveMinInterval() == absl::Seconds(1));
}

TEST_CASE("a timeout has bounds") {
  for (const absl::Duration timeout : {absl::ZeroDuration(), -absl::Seconds(1), absl::Milliseconds(99),
                                       absl::Hours(24 * 30) + absl::Seconds(1), absl::InfiniteDuration()}) {
    const std::string problem = ProblemWith([&](Settings& s) { s.heartbeat_timeout = timeout; });
    INFO(problem);
    CHECK(Has(problem, "heartbeat-timeout is"));
    CHECK(Has(problem, "set it between 100ms and 720h"));
  }
}

TEST_CASE("a job must run more often than the timeout passes") {
  const std::pair<std::string, absl::Duration Settings::*> jobs[] = {
      {"activation-interval", &Settings::activation_interval},
      {"stale-interval", &Settings::stale_interval},
      {"reactivation-interval", &Settings::reactivation_interval},
  };
  for (const auto& job : jobs) {
    const std::string& name = job.first;
    INFO(name);
    const auto with = [&](absl::Duration value) {
      return ProblemWith([&](Settings& s) { s.*job.second = value; });
    };
    CHECK(with(absl::Minutes(2) - absl::Microseconds(1)).empty());
    const std::string equal = with(absl::Minutes(2));
    CHECK(Has(equal, name + " is 2m"));
    CHECK(Has(equal, "lower " + name + " or raise heartbeat-timeout"));
    CHECK(Has(with(absl::InfiniteDuration()), "lower " + name));
    CHECK(with(absl::Milliseconds(10)).empty());
    CHECK(Has(with(absl::Milliseconds(9)), name + " is 9ms: set it to 10ms or more"));
    CHECK(Has(with(absl::ZeroDuration()), "or more"));
    CHECK(Has(with(-absl::Seconds(1)), "or more"));
  }
}

TEST_CASE("a worker must be able to lose two heartbeats") {
  const auto with = [](absl::Duration interval) {
    return ProblemWith([&](Settings& s) { s.min_heartbeat_interval = interval; });
  };
  CHECK(with(absl::Seconds(40)).empty());
  const std::string problem = with(absl::Seconds(41));
  CHECK(Has(problem, "lower min-heartbeat-interval to 40s or raise heartbeat-timeout to 2m3s"));
  CHECK(Has(with(absl::ZeroDuration()), "set it above 0"));
  CHECK(Has(with(-absl::Seconds(1)), "set it above 0"));
  CHECK_FALSE(with(absl::InfiniteDuration()).empty());
}

TEST_CASE("a rate must be positive") {
  for (const double rate : {0.0, -1.0, kNaN, kInfinite, 1e10}) {
    const std::string problem = ProblemWith([&](Settings& s) { s.max_heartbeats_per_second = rate; });
    CHECK(Has(problem, "max-heartbeats-per-second"));
    CHECK(Has(problem, "set it above 0"));
  }
  CHECK(ProblemWith([](Settings& s) { s.max_heartbeats_per_second = 0.5; }).empty());
}

TEST_CASE("the guard's share and least size have bounds") {
  for (const double share : {0.0, -0.5, 1.01, kNaN, kInfinite}) {
    CHECK(
        Has(ProblemWith([&](Settings& s) { s.guard_share = share; }), "1 turns the mass-failure guard off"));
  }
  CHECK(ProblemWith([](Settings& s) { s.guard_share = 1; }).empty());
  for (const int least : {0, -5, 1'000'000'001}) {
    CHECK(Has(ProblemWith([&](Settings& s) { s.guard_min_workers = least; }), "set it between 1 and"));
  }
  CHECK(ProblemWith([](Settings& s) { s.guard_min_workers = 1; }).empty());
}
