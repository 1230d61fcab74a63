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
#include "muster/roll.h"
#include "muster/v1/commands.grpc.pb.h"
#include "muster/v1/queries.grpc.pb.h"
#include "rpc/server.h"
#include "runtime/executor.h"
#include "runtime/manual_clock.h"
#include "store/store.h"

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

/// A memory store whose disk can be full, and which another daemon can change while a batch is decided.
class FlakyStore final : public Store {
 public:
  explicit FlakyStore(std::unique_ptr<Store> inner) : inner_(std::move(inner)) {}

  const ReadTx& Reader() const override { return inner_->Reader(); }
  WriteTx& Begin() override { return inner_->Begin(); }
  WriteTx& BeginBatch(const Foresight& /*foresight*/) override {
    is_overtaken_ = overtake.exchange(false);
    return inner_->Begin();
  }
  Outcome Commit(const ListeningState& listening) override {
    overtaken_ = std::exchange(is_overtaken_, false);
    if (overtaken_) return StoreUnavailable{"overtaken"};
    if (full) return StoreUnavailable{"the disk is full"};
    return inner_->Commit(listening);
  }
  void Rollback() override {
    inner_->Rollback();
    if (overtaken_) meanwhile(*inner_);
  }
  bool Overtaken() const override { return overtaken_; }
  bool Maintain(absl::Duration budget) override { return inner_->Maintain(budget); }
  std::optional<ListeningState> LastListening() const override { return inner_->LastListening(); }

  std::atomic<bool> full = false;
  std::atomic<bool> overtake = false;     // the next batch
  std::function<void(Store&)> meanwhile;  // by this; set it before

 private:
  const std::unique_ptr<Store> inner_;
  bool is_overtaken_ = false;
  bool overtaken_ = false;
};

/// A `meanwhile`: unregisters "first" and registers "second", with instance "i".
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
  /// Everything that a stop does; returns when no call is in flight.
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

  ManualClock manual_clock;
  std::unique_ptr<Roll> roll;
  FlakyStore* store = nullptr;  // the roll's
  std::unique_ptr<RpcServer> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::WorkerCommands::Stub> commands;
  std::unique_ptr<v1::WorkerQueries::Stub> queries;

 private:
  const Clock& clock_;
  ThreadedExecutor executor_;
};

v1::RegisterWorkerRequest Registration(const std::string& id);

}  // namespace muster::rpc
