// A heartbeat on etcd, by the load generator that Muster is measured with.
//
//     muster_etcd_load lease --port P --workers 10000
//     muster_etcd_load put   --port P --workers 10000 --connections 8 --in-flight 64 --seconds 3
//
// lease grants each worker its lease. put writes the worker's key, attached to its lease, through the log and
// fsync: what a durable heartbeat is there. Prints one line of JSON. Exit code 1 where a call was refused,
// got no answer, or a connection was lost.

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "CLI/CLI.hpp"
#include "load.h"
#include "nlohmann/json.hpp"
#include "workloads.h"

namespace muster::bench {
namespace {

// etcd's contract is not installed with it; these are the few fields of etcdserverpb that are needed.

void AppendVarint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void AppendNumber(std::string& out, int field, std::int64_t value) {
  AppendVarint(out, static_cast<std::uint64_t>(field) << 3);
  AppendVarint(out, static_cast<std::uint64_t>(value));
}

void AppendBytes(std::string& out, int field, std::string_view value) {
  AppendVarint(out, static_cast<std::uint64_t>(field) << 3 | 2);
  AppendVarint(out, value.size());
  out.append(value);
}

constexpr std::int64_t kLeaseSeconds = 3600;

/// The workers in turn with a stride, as HeartbeatWorkload has them; a lease only once for each.
class EtcdWorkload final : public Workload {
 public:
  enum class Call { kLease, kPut };

  EtcdWorkload(Call call, std::int64_t workers) : call_(call), workers_(workers) {}

  std::string_view path() const override {
    return call_ == Call::kLease ? "/etcdserverpb.Lease/LeaseGrant" : "/etcdserverpb.KV/Put";
  }

  bool Next(std::string& body) override {
    if (call_ == Call::kLease && made_ == workers_) return false;
    worker_ = call_ == Call::kLease ? made_ : (worker_ + 7919) % workers_;
    ++made_;
    const std::int64_t lease = worker_ + 1;
    std::string message;
    if (call_ == Call::kLease) {
      AppendNumber(message, 1, kLeaseSeconds);
      AppendNumber(message, 2, lease);
    } else {
      AppendBytes(message, 1, "workers/bench-" + std::to_string(worker_));
      AppendBytes(message, 2, std::to_string(made_));
      AppendNumber(message, 3, lease);
    }
    body.assign(
        {'\0', '\0', '\0', '\0', static_cast<char>(message.size())});  // gRPC's framing; all are short
    body += message;
    return true;
  }

  std::size_t Caller() const override { return static_cast<std::size_t>(worker_); }
  std::size_t callers() const override { return static_cast<std::size_t>(workers_); }
  std::int64_t Accepted(std::string_view message) const override { return message.empty() ? 0 : 1; }

 private:
  const Call call_;
  const std::int64_t workers_;
  std::int64_t made_ = 0;
  std::int64_t worker_ = 0;
};

int Main(int argc, char** argv) {
  LoadShape shape;
  std::int64_t workers = 10'000;
  CLI::App app("Loads an etcd on 127.0.0.1 with heartbeats");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--port", shape.port, "etcd's client port")->required();
  app.add_option("--workers", workers, "How many workers take part")->check(CLI::PositiveNumber);
  app.add_option("--connections", shape.connections)->check(CLI::PositiveNumber);
  app.add_option("--in-flight", shape.in_flight, "Calls in flight on each connection")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", shape.seconds, "Seconds of measuring");
  const CLI::App* lease = app.add_subcommand("lease", "Grant a lease to each worker");
  app.add_subcommand("put", "Write the workers' keys");
  CLI11_PARSE(app, argc, argv);

  const auto call = lease->parsed() ? EtcdWorkload::Call::kLease : EtcdWorkload::Call::kPut;
  if (lease->parsed()) {
    shape.warmup_seconds = 0;
    shape.seconds = 0;
  }
  EtcdWorkload workload(call, workers);
  const LoadReport report = RunLoad(shape, workload);
  const nlohmann::ordered_json out = {
      {"accepted", report.tally.accepted},
      {"calls_per_second", static_cast<double>(report.tally.measured) / report.measured_seconds},
      {"first_refusal", report.tally.first_refusal}};
  std::printf("%s\n", out.dump().c_str());
  return report.completed && report.tally.refused.empty() ? 0 : 1;
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  return muster::bench::Main(argc, argv);
}
