// A whole server over the memory store, on a free port of the loopback, with a clock that the test moves.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "muster/registry.h"
#include "muster/v1/commands.grpc.pb.h"
#include "muster/v1/queries.grpc.pb.h"
#include "registry/self_probe.h"
#include "rpc/server.h"
#include "runtime/executor.h"
#include "runtime/manual_clock.h"
#include "runtime/real_random.h"
#include "store/store.h"
#include "tests/store/hanging_reads.h"

namespace muster::rpc {

/// An error as a client reads it.
struct Refusal {
  grpc::StatusCode code;
  std::string message;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;  // empty if the error has none
  google::rpc::RetryInfo retry;         // empty if the error has none

  static Refusal Of(const grpc::Status& status);
  /// The one field that is at fault, or "".
  std::string field() const;
};

/// A memory store whose disk can be full or hang, and which another daemon can change while a batch is
/// decided.
class FlakyStore final : public Store {
  const std::unique_ptr<Store> inner_;

 public:
  explicit FlakyStore(std::unique_ptr<Store> inner) : inner_(std::move(inner)), reads(inner_->Reader()) {}

  const ScanReads& Reader() const override { return reads; }
  const PointReads* MemoryReads() const override { return inner_->MemoryReads(); }
  WriteTx& Begin() override { return inner_->Begin(); }
  WriteTx& BeginBatch(const BatchKeys& /*keys*/) override {
    loses_race_ = lose_race.exchange(false);
    return inner_->Begin();
  }
  CommitResult Commit(const ProvenState& listening) override {
    commits.Pass();
    lost_race_ = std::exchange(loses_race_, false);
    if (lost_race_) return CommitResult::LostRace();
    if (full)
      return in_doubt ? CommitResult::InDoubt("the disk failed") : CommitResult::Failed("the disk is full");
    return inner_->Commit(listening);
  }
  CommitResult CommitStep(const ProvenState& listening) override {
    if (full) return CommitResult::Failed("the disk is full");
    return inner_->CommitStep(listening);
  }
  void Rollback() override {
    inner_->Rollback();
    if (std::exchange(lost_race_, false)) meanwhile(*inner_);
  }
  std::int64_t WorkerCount() const override { return inner_->WorkerCount(); }
  bool Maintain(absl::Duration budget) override { return inner_->Maintain(budget); }
  std::optional<ProvenState> LastListening() const override { return inner_->LastListening(); }
  const RollTimeouts& Timeouts() const override { return inner_->Timeouts(); }

  std::atomic<bool> full = false;
  std::atomic<bool> in_doubt = false;     // then the result of the commit is in doubt
  std::atomic<bool> lose_race = false;    // the next batch
  std::function<void(Store&)> meanwhile;  // what the other daemon does then; set it before
  Turnstile commits;
  HangingReads reads;

 private:
  bool loses_race_ = false;
  bool lost_race_ = false;
};

/// For `meanwhile`: unregisters "first" and registers "second", with instance "i".
void ReplaceFirstBySecond(Store& store);

/// Starting until Serve, which the constructor calls unless told otherwise.
class Harness {
 public:
  enum class Begin { kServing, kStarting };

  explicit Harness(Begin begin = Begin::kServing);
  /// With a clock of the test's choice.
  Harness(const Clock& clock, Begin begin);
  ~Harness();

  void Serve();
  /// All of a stop; returns when no call is in flight.
  void Stop();

  /// Lets time pass while the daemon listens: in steps, with a turn of the writer in each.
  void Pass(absl::Duration time);

  // Calls, each with its own context. `*_or_die` fail the test if the call does.
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::WorkerCommands::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                     Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    return (commands.get()->*method)(&context, request, &response);
  }
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::WorkerQueries::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                    Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    return (queries.get()->*method)(&context, request, &response);
  }
  /// Any bytes to any method: "/muster.v1.WorkerCommands/Heartbeat".
  grpc::Status CallRaw(const std::string& method, const std::string& bytes, std::string* reply = nullptr);

  v1::Worker Register(const std::string& id, const std::string& instance_id = "");
  grpc::Status Beat(const std::string& id, const std::string& instance_id = "");
  v1::Worker Get(const std::string& id);
  v1::RunSchedulerResponse RunJobs();
  /// Everything that a client can see of the roll, as text: to compare before and after.
  std::string Everything();
  /// grpc.health.v1: 1 SERVING, 2 NOT_SERVING; 0 if the call failed.
  int Health(const std::string& service);
  /// Watching clients are told the health, if it is time.
  void LookAtHealth() {
    health_.Post([] {});
  }

  ManualClock manual_clock;
  std::unique_ptr<Registry> registry;
  FlakyStore* store = nullptr;  // the roll's
  std::unique_ptr<RpcServer> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::WorkerCommands::Stub> commands;
  std::unique_ptr<v1::WorkerQueries::Stub> queries;

 private:
  const Clock& clock_;
  RealRandom random_;
  ThreadedExecutor executor_;
  std::unique_ptr<SelfProbe> probe_;
  ThreadedExecutor health_;
};

v1::RegisterWorkerRequest Registration(const std::string& id);

}  // namespace muster::rpc
