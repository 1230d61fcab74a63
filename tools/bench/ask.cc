// Asks the daemon what operators ask it, one call after the other, and says how long each answer took, as the
// client saw it.
//
//     muster_ask page      --port P --times 100     ListWorkers, pages of 1,000, round and round
//     muster_ask summary   --port P --seconds 3     GetFleetSummary
//     muster_ask scheduler --port P --times 1       RunScheduler: the three jobs, now
//
// Prints one line of JSON. Exit code 1 where a call failed.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "grpcpp/grpcpp.h"
#include "muster/v1/commands.grpc.pb.h"
#include "muster/v1/queries.grpc.pb.h"
#include "nlohmann/json.hpp"

namespace muster::bench {
namespace {

using Clock = std::chrono::steady_clock;

double Share(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

/// One question, asked again and again. Owns its connection; not thread-safe.
class Asker {
 public:
  explicit Asker(int port)
      : channel_(
            grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials())),
        queries_(v1::WorkerQueries::NewStub(channel_)),
        commands_(v1::WorkerCommands::NewStub(channel_)) {}

  /// The connection is there, so that no answer is charged with it.
  bool Connect() {
    return channel_->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(5));
  }

  grpc::Status Page() {
    v1::ListWorkersRequest request;
    request.set_page_size(1000);
    request.set_page_token(next_page_token_);
    v1::ListWorkersResponse page;
    grpc::ClientContext context;
    const grpc::Status status = queries_->ListWorkers(&context, request, &page);
    next_page_token_ = page.next_page_token();
    workers_seen_ += page.workers_size();
    return status;
  }

  grpc::Status Summary() {
    v1::GetFleetSummaryResponse summary;
    grpc::ClientContext context;
    const grpc::Status status = queries_->GetFleetSummary(&context, {}, &summary);
    told_["workers"] = summary.workers();
    for (const v1::StatusCount& count : summary.by_status()) {
      told_["by_status"][v1::WorkerStatus_Name(count.status())] = count.workers();
    }
    told_["heartbeat_timeout_seconds"] = summary.heartbeat_timeout().seconds();
    return status;
  }

  grpc::Status Scheduler() {
    v1::RunSchedulerResponse done;
    grpc::ClientContext context;
    const grpc::Status status = commands_->RunScheduler(&context, {}, &done);
    told_["activated"] = done.activation().moved();
    told_["called_offline"] = done.stale_detection().moved();
    told_["reactivated"] = done.reactivation().moved();
    return status;
  }

  nlohmann::ordered_json Told() {
    if (workers_seen_ > 0) told_["workers_seen"] = workers_seen_;
    return told_;
  }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::WorkerQueries::Stub> queries_;
  const std::unique_ptr<v1::WorkerCommands::Stub> commands_;
  std::string next_page_token_;
  std::int64_t workers_seen_ = 0;
  nlohmann::ordered_json told_;  // by the last answer
};

int Main(int argc, char** argv) {
  int port = 0;
  std::int64_t times = 0;
  double seconds = 0;
  double pause = 0;
  CLI::App app("Asks a Muster daemon on 127.0.0.1, and says how long the answers took");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--port", port, "The daemon's gRPC port")->required();
  app.add_option("--times", times, "How many calls; 0: until --seconds are over")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seconds", seconds, "For how long; 0: until --times calls are made")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--pause", pause, "Seconds between an answer and the next call")
      ->check(CLI::NonNegativeNumber);
  const CLI::App* page = app.add_subcommand("page", "ListWorkers, pages of 1000");
  const CLI::App* summary = app.add_subcommand("summary", "GetFleetSummary");
  app.add_subcommand("scheduler", "RunScheduler");
  CLI11_PARSE(app, argc, argv);

  Asker asker(port);
  if (!asker.Connect()) {
    std::fprintf(stderr, "muster_ask: nobody answers at 127.0.0.1:%d\n", port);
    return 1;
  }
  const auto call = page->parsed() ? &Asker::Page : summary->parsed() ? &Asker::Summary : &Asker::Scheduler;
  const auto since = [](Clock::time_point then) {
    return std::chrono::duration<double>(Clock::now() - then).count();
  };
  std::vector<double> took_ms;
  const Clock::time_point begin = Clock::now();
  do {
    const Clock::time_point asked = Clock::now();
    const grpc::Status status = std::invoke(call, asker);
    if (!status.ok()) {
      std::fprintf(stderr, "muster_ask: %s\n", status.error_message().c_str());
      return 1;
    }
    took_ms.push_back(since(asked) * 1000);
    if (pause > 0) std::this_thread::sleep_for(std::chrono::duration<double>(pause));
  } while (static_cast<std::int64_t>(took_ms.size()) < times || since(begin) < seconds);

  nlohmann::ordered_json out = {
      {"calls", took_ms.size()},
      {"seconds", since(begin)},
      {"ms", {{"p50", Share(took_ms, 0.5)}, {"p99", Share(took_ms, 0.99)}, {"max", Share(took_ms, 1)}}}};
  out.update(asker.Told());
  std::printf("%s\n", out.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  return muster::bench::Main(argc, argv);
}
