// The load generator: one thread, raw sockets, nghttp2; cheap, so that the server is what is measured.
//
//     muster_load register  --port P --workers 10000
//     muster_load heartbeat --port P --workers 10000 --connections 8 --in-flight 64 --server-pid PID
//     muster_load batch     --port P --workers 10000 --connections 8 --in-flight 2
//     muster_load bad       --port P --workers 10000 --rate 500
//     muster_load count     --port P [--add-up]
//
// Those are closed loops: each call waits for the one before it. heartbeat and batch know open loops too,
// which offer so many calls a second whether answers came or not, and measure latency from the moment when a
// call was due:
//
//     muster_load heartbeat --port P --rate 50000 [--honour-retry] …
//
// `bad` sends heartbeats that have to be refused: in_use below 0, and an instance that does not hold the id.
//
// Prints one line of JSON; with --histogram, the measured latencies by buckets of a hundredth as well, so
// that those of several runs can be pooled. Every answer's grpc-status is read from its trailers; exit code 1
// where a call was refused, got no status or no answer, or a connection was lost. In an open loop,
// RESOURCE_EXHAUSTED with a retry delay is an answer like any other. What the server lets wait (a connection
// may have only so many streams) is not sent, and counted as such.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "inspect.h"
#include "load.h"
#include "nlohmann/json.hpp"
#include "stream_load.h"
#include "workloads.h"

namespace muster::bench {
namespace {

constexpr int kResourceExhausted = 8;
constexpr int kInvalidArgument = 3;
constexpr int kFailedPrecondition = 9;

constexpr double kBucket = 0.02;  // in logarithms: what is in one differs by 2 %

std::uint32_t Percentile(std::vector<std::uint32_t>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

/// What an open loop adds to the report.
nlohmann::ordered_json OpenLoopReport(Tally& tally) {
  nlohmann::ordered_json out = {
      {"offered", tally.offered},
      {"sent", tally.sent},
      {"unsent", tally.unsent},
      {"held_back", tally.held_back},
      {"lateness_us",
       {{"p50", Percentile(tally.lateness_us, 0.50)}, {"p99", Percentile(tally.lateness_us, 0.99)}}}};
  if (!tally.retry_delays_us.empty()) {
    out["retry_delay_us"] = {{"min", Percentile(tally.retry_delays_us, 0)},
                             {"p50", Percentile(tally.retry_delays_us, 0.50)},
                             {"max", Percentile(tally.retry_delays_us, 1)}};
  }
  out["without_retry_delay"] = tally.without_retry_delay;
  return out;
}

/// Pairs of microseconds and how many calls took so long, up to a hundredth less or more.
nlohmann::ordered_json Histogram(const std::vector<std::uint32_t>& values) {
  std::map<int, std::int64_t> buckets;
  for (const std::uint32_t value : values) {
    ++buckets[static_cast<int>(std::lround(std::log(std::max(value, 1U)) / kBucket))];
  }
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const auto& [bucket, count] : buckets) {
    out.push_back({std::lround(std::exp(bucket * kBucket)), count});
  }
  return out;
}

bool AllAnswersExpected(const LoadShape& shape, const Tally& tally, bool are_bad) {
  if (are_bad) {
    return tally.ok == 0 && std::all_of(tally.refused.begin(), tally.refused.end(), [](const auto& refused) {
             return refused.first == kInvalidArgument || refused.first == kFailedPrecondition;
           });
  }
  if (tally.refused.empty()) return true;
  return shape.rate > 0 && tally.refused.size() == 1 && tally.refused.contains(kResourceExhausted) &&
         tally.without_retry_delay == 0;
}

int Report(const LoadShape& shape, LoadReport report, bool are_bad, bool with_histogram) {
  Tally& tally = report.tally;
  const double seconds = report.measured_seconds;
  nlohmann::ordered_json out = {
      {"answered", tally.answered},
      {"ok", tally.ok},
      {"accepted", tally.accepted},
      {"seconds", seconds},
      {"calls_per_second", static_cast<double>(tally.measured) / seconds},
      {"accepted_per_second", static_cast<double>(tally.measured_accepted) / seconds},
      {"server_cpu_us_per_call",
       tally.measured == 0 ? 0 : report.server_cpu_seconds * 1e6 / static_cast<double>(tally.measured)},
      {"latency_us",
       {{"p50", Percentile(tally.latencies_us, 0.50)},
        {"p90", Percentile(tally.latencies_us, 0.90)},
        {"p99", Percentile(tally.latencies_us, 0.99)},
        {"p999", Percentile(tally.latencies_us, 0.999)},
        {"max", Percentile(tally.latencies_us, 1)}}}};
  for (const auto& [status, count] : tally.refused) out["refused"][std::to_string(status)] = count;
  if (!tally.refused.empty()) out["first_refusal"] = tally.first_refusal;
  if (shape.rate > 0) out.update(OpenLoopReport(tally));
  if (with_histogram) out["histogram_us"] = Histogram(tally.latencies_us);
  std::printf("%s\n", out.dump().c_str());
  if (!report.completed)
    std::fprintf(stderr, "muster_load: a connection was lost, or calls were left unanswered\n");
  return report.completed && AllAnswersExpected(shape, tally, are_bad) ? 0 : 1;
}

int Count(int port, bool add_up) {
  const auto count = CountRegistry(port, add_up);
  if (!count.has_value()) return 1;
  const nlohmann::ordered_json out = {{"workers", count->workers},
                                      {"heartbeats_recorded", count->heartbeats_recorded},
                                      {"heartbeats_kept", count->heartbeats_kept}};
  std::printf("%s\n", out.dump().c_str());
  return 0;
}

int Main(int argc, char** argv) {
  LoadShape shape;
  std::int64_t workers = 10'000;
  bool add_up = false;
  bool histogram = false;
  bool once = false;
  CLI::App app("Loads a Muster daemon on 127.0.0.1, and counts what it did");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--port", shape.port, "The daemon's gRPC port")->required();
  app.add_option("--workers", workers, "How many workers take part")->check(CLI::PositiveNumber);
  app.add_option("--connections", shape.connections)->check(CLI::PositiveNumber);
  app.add_option("--in-flight", shape.in_flight, "Calls in flight on each connection; with --rate, at most")
      ->check(CLI::PositiveNumber);
  app.add_option("--warmup", shape.warmup_seconds, "Seconds before measuring");
  app.add_option("--seconds", shape.seconds, "Seconds of measuring");
  app.add_option("--server-pid", shape.server_pid, "Whose CPU time to read");
  app.add_flag("--histogram", histogram, "Print the latencies by buckets too");
  const CLI::App* enrol = app.add_subcommand("register", "Register the workers, each once");
  CLI::App* heartbeat = app.add_subcommand("heartbeat", "Single heartbeats");
  CLI::App* batch = app.add_subcommand("batch", "Batches of 1000 heartbeats");
  batch->add_flag("--once", once, "Each worker once, however long it takes");
  CLI::App* bad = app.add_subcommand("bad", "Heartbeats that have to be refused");
  const CLI::App* stream = app.add_subcommand("stream", "Heartbeats over one stream for each connection");
  for (CLI::App* each : {heartbeat, batch, bad}) {
    CLI::Option* rate =
        each->add_option("--rate", shape.rate, "Calls a second over all connections, by schedule")
            ->check(CLI::PositiveNumber);
    each->add_flag("--honour-retry", shape.honour_retry, "A caller that was refused waits as it was told to")
        ->needs(rate);
  }
  CLI::App* count = app.add_subcommand("count", "Say what the daemon has recorded");
  count->add_flag("--add-up", add_up, "Also add up every worker's total");
  CLI11_PARSE(app, argc, argv);

  if (count->parsed()) return Count(shape.port, add_up);
  std::unique_ptr<Workload> workload;
  if (enrol->parsed()) {
    shape.warmup_seconds = 0;
    shape.seconds = 0;
    workload = std::make_unique<RegisterWorkload>(workers);
  } else if (heartbeat->parsed() || stream->parsed()) {
    workload = std::make_unique<HeartbeatWorkload>(workers);
  } else if (batch->parsed()) {
    if (once) shape.warmup_seconds = shape.seconds = 0;
    workload = std::make_unique<BatchWorkload>(workers, once);
  } else if (bad->parsed()) {
    workload = std::make_unique<BadWorkload>(workers);
  }
  return Report(shape, stream->parsed() ? RunStreams(shape, *workload) : RunLoad(shape, *workload),
                bad->parsed(), histogram);
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  return muster::bench::Main(argc, argv);
}
