// A registry inside your own program: everything that musterd does, without its network.
//
//     absl::StatusOr<std::unique_ptr<muster::EmbeddedRegistry>> opened = muster::OpenRegistry("memory:");
//     if (!opened.ok()) return opened.status();
//     muster::EmbeddedRegistry& registry = **opened;
//
//     muster::RegisterWorkerCommand worker;
//     worker.worker_id = "worker-1";
//     worker.config.region = "eu-1";
//     worker.config.capacity = 4;
//     muster::Result<muster::WorkerView> registered = registry.Register(worker);
//     if (!registered.ok()) std::cerr << muster::MessageOf(registered.error());
//
// examples/embedded is a whole program. What the words mean: worker.h. What each command and query does, its
// limits and its errors: commands.h, queries.h, sweeps.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/commands.h"
#include "muster/errors.h"
#include "muster/queries.h"
#include "muster/random.h"
#include "muster/result.h"
#include "muster/settings.h"
#include "muster/sweeps.h"
#include "muster/worker.h"

namespace muster {

struct RegistryStatus;  // include muster/registry.h to read one

/// The least important lines that go to standard error.
enum class RegistryLog : std::uint8_t { kErrors, kWarnings, kInfo };

/// A plain value.
struct RegistryOptions {
  /// Must be valid: see Validate in settings.h.
  Settings settings;
  /// How many heartbeats are kept for each worker: 1 to 1000.
  int history = 100;
  /// How many events are kept, 1 or more. Older events are removed.
  std::int64_t max_events = 1'000'000;
  /// True: the three jobs run at the intervals of `settings`. False: they run only when RunJob or RunAllJobs
  /// is called, and no status changes by silence or by heartbeats in between.
  bool scheduled_jobs = true;
  /// The name of this program. A second process that opens the same SQLite file gets it in its error.
  std::string holder = "a program with an embedded registry";
  /// One level for the whole process: the last registry that was opened sets it.
  RegistryLog log = RegistryLog::kWarnings;

  /// For tests. Null: the clocks of the machine. Otherwise the registry has no thread for commands and jobs:
  /// each call carries out its own work and what is due, on the thread of the caller, and RunDue carries out
  /// what is due in between. So a test is deterministic. Not for PostgreSQL. Must outlive the registry.
  const Clock* clock = nullptr;
  /// For tests. Null: the randomness of the machine. Must outlive the registry.
  Random* random = nullptr;
};

/// One registry, open. OpenRegistry makes it.
///
/// Every function blocks until it has its answer: a change until it is durable, a query until it is read.
/// Concurrent changes share a commit, so many threads get much more done than one.
///
/// Thread-safe, except for the destructor: no other thread may be in a call then. A function must not be
/// called from a method of the Clock or the Random of the options. Results are plain values, and stay valid
/// after the registry is gone.
///
/// Every function may also answer
///   - Overloaded: too much waits. Nothing was done; try again after `retry_after`.
///   - StoreUnavailable: the store cannot be read or written. Nothing was done, unless `in_doubt` is set.
class EmbeddedRegistry {
 public:
  /// RecordHeartbeats takes at most so many at once.
  static constexpr std::size_t kMaxHeartbeatsAtOnce = 1000;

  /// Finishes what was accepted, stores the listening clock, and closes the store. A job that runs ends after
  /// its step. On PostgreSQL it may wait for a commit that is under way.
  ~EmbeddedRegistry();
  EmbeddedRegistry(const EmbeddedRegistry&) = delete;
  EmbeddedRegistry& operator=(const EmbeddedRegistry&) = delete;

  // Changes: see commands.h.

  /// Makes an instance id if the command has neither an `instance_id` nor a `generated_instance_id`.
  /// WorkerAlreadyExists, InvalidArgument, InvalidStateTransition.
  Result<WorkerView> Register(RegisterWorkerCommand command);
  /// Returns the worker as it was. WorkerNotFound, InvalidWorkerState, InvalidArgument.
  Result<WorkerView> Unregister(UnregisterWorkerCommand command);
  /// WorkerNotFound, InvalidWorkerState, InvalidStateTransition, InvalidArgument.
  Result<WorkerView> UpdateStatus(UpdateWorkerStatusCommand command);
  /// Does not change the status: the jobs do. WorkerNotFound, InstanceSuperseded, InvalidArgument.
  Result<HeartbeatReceipt> RecordHeartbeat(const HeartbeatCommand& heartbeat);
  /// Records up to kMaxHeartbeatsAtOnce heartbeats in one commit; InvalidArgument if there are more. The
  /// answer has one result for each, in the same order: one that is refused does not stop the others.
  Result<std::vector<Result<HeartbeatReceipt>>> RecordHeartbeats(
      std::span<const HeartbeatCommand> heartbeats);
  /// How long a worker should wait before its next heartbeat: longer for a larger fleet, ±10 %.
  absl::Duration NextInterval() const;

  // Queries: see queries.h.

  /// WorkerNotFound, InvalidArgument.
  Result<WorkerView> Get(std::string_view worker_id) const;
  /// Nothing if the worker was never heard. WorkerNotFound, InvalidArgument.
  Result<std::optional<HeartbeatRecord>> LastHeartbeat(std::string_view worker_id) const;
  /// One page, ordered by id; an empty filter: all workers. InvalidArgument.
  Result<WorkerPage> List(const WorkerFilter& filter = {}, const PageRequest& page = {}) const;
  /// One page, newest first. WorkerNotFound, InvalidArgument.
  Result<HeartbeatPage> ListHeartbeats(std::string_view worker_id, const PageRequest& page = {}) const;
  /// One page. InvalidArgument.
  Result<EventPage> ListEvents(const EventFilter& filter = {}, const PageRequest& page = {}) const;
  /// The fleet in numbers, one entry for each region, ordered by region.
  Result<std::vector<RegionTotals>> Count() const;
  /// What the registry knows about itself. Never waits.
  RegistryStatus Status() const;

  // Jobs: see sweeps.h. At most 100 runs may wait; one more is Overloaded.

  /// Runs one job now, after those that wait.
  Result<SweepReport> RunJob(Job job);
  /// Runs all jobs now, in the order of kAllJobs, without another run in between.
  Result<std::array<SweepReport, 3>> RunAllJobs();

  /// Only for a registry with its own `clock`: carries out what is due by that clock. Otherwise it does
  /// nothing.
  ///
  /// A test moves its clock in steps, and calls RunDue after each:
  ///
  ///     for (int second = 0; second < 120; ++second) {
  ///       clock.Advance(absl::Seconds(1));
  ///       registry.RunDue();
  ///     }
  ///
  /// A step must not be longer than 1 s, or than a twentieth of the heartbeat timeout if that is shorter. A
  /// much longer step looks like a suspended machine: that time is not counted as silence.
  void RunDue();

  Settings settings() const;
  /// Takes effect with the next commit. InvalidArgument, and nothing changes, if they are not valid.
  absl::Status SetSettings(const Settings& settings);

 private:
  class Parts;
  friend absl::StatusOr<std::unique_ptr<EmbeddedRegistry>> OpenRegistry(std::string_view spec,
                                                                        RegistryOptions options);
  explicit EmbeddedRegistry(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

/// Opens a registry, and creates it if it does not exist.
///
/// `spec` says where it is kept:
///   "memory:"         in this process; gone when the registry is destroyed
///   "sqlite:PATH"     in a file, which one process holds at a time
///   "postgresql://…"  in a database, which several processes and daemons share
///
/// INVALID_ARGUMENT for a spec, settings or options that are not valid; FAILED_PRECONDITION for a SQLite file
/// that another process holds; the message says what is wrong and what to do.
absl::StatusOr<std::unique_ptr<EmbeddedRegistry>> OpenRegistry(std::string_view spec,
                                                               RegistryOptions options = {});

}  // namespace muster
