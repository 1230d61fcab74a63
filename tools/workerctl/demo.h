// The walk-through of `workerctl demo`: three workers, told step by step, each step checked against what the
// daemon says.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "muster/v1/worker.pb.h"
#include "workerctl/connection.h"
#include "workerctl/failure.h"
#include "workerctl/interrupt.h"

namespace muster::ctl {

/// Not thread-safe. Everything handed in must outlive it. What it registered is unregistered with it.
class Demo {
 public:
  /// `prefix` goes before the ids; `mark` goes into the metadata, so that other workers of the daemon stay
  /// out.
  Demo(Connection& connection, Interrupt& interrupt, std::ostream& out, std::string prefix, std::string mark);
  ~Demo();
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  /// Plays it all, or until the output is closed. Returns what the daemon did not do as told, or nothing.
  std::optional<Failure> Play(absl::Duration heartbeat_timeout);

 private:
  using Step = std::optional<Failure>;

  Step Register();
  Step Beat();
  Step Activate();
  Step ShowActive();
  Step ShowMetadata();
  Step FallSilent();
  Step Reactivate();
  Step ShowFinal();
  Step UnregisterThird();

  std::string Id(int number) const;
  Step RegisterOne(int number, const std::string& region, int capacity);
  Step BeatOne(int number);
  Step Get(int number, v1::Worker& worker);
  /// The demo's workers, of one status or of any, as "worker-1, worker-2".
  Step Find(v1::WorkerStatus status, std::string& ids);
  Step RunScheduler();
  Step Expect(int number, v1::WorkerStatus status);
  /// Asks again, running the jobs, until the worker has the status; for at most `patience`.
  Step Await(int number, v1::WorkerStatus status, absl::Duration patience);
  Step Wait(absl::Duration duration);
  Step Differs(const std::string& expected, const std::string& got) const;
  Attempt AttemptOf(const std::string& command, int number) const;

  Connection& connection_;
  Interrupt& interrupt_;
  std::ostream& out_;
  std::string prefix_;
  std::string mark_;
  absl::Duration heartbeat_timeout_;
  std::vector<std::string> registered_;
};

}  // namespace muster::ctl
