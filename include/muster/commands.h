// What changes the roll: one free function for each use case.
//
// Each function decides from its arguments and stages its changes in the transaction; it cannot commit. It
// either stages all of its change, or returns an error and stages nothing (except for the report of a clone,
// see RecordHeartbeat). `now` is the moment of the whole batch.
// Not thread-safe: called by the holder of the transaction, which is the one writer (see registry.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "muster/clock.h"
#include "muster/result.h"
#include "muster/settings.h"
#include "muster/worker.h"

namespace muster {

class AddressTurns;  // src/domain/address_turns.h
class WriteTx;       // a transaction of a store; only the roll gives one out

/// What a batch of commands will ask the store for. Collected from the commands before the first one decides,
/// so that a store that is far away can fetch all of it at once, and a store in memory can prefetch it. A
/// plain value; the ids live as long as the commands.
struct BatchKeys {
  std::vector<std::string_view> ids;  // in any order, may repeat, need not be valid
  /// Only heartbeats: no command looks at a pulse or at workers other than those of `ids`.
  bool only_heartbeats = true;
};

struct RegisterWorkerCommand {
  std::string worker_id;
  WorkerConfig config;      // capabilities in any order
  std::string instance_id;  // empty: `generated_instance_id` is used
  bool replace = false;
  std::string actor;                  // the caller, as the event names it
  std::string peer;                   // the caller's address
  std::string generated_instance_id;  // new and unguessable; the caller makes it, so that decisions stay pure
};

/// WorkerAlreadyExists (unless replace), InvalidArgument; InvalidStateTransition for a replacement of a
/// Failed worker. The same instance_id and configuration again returns the existing worker: a retry is safe.
/// A replacement by the instance that the present one had replaced is carried out and reported as a clone.
Result<WorkerView> RegisterWorker(RegisterWorkerCommand command, WriteTx& tx, const Moment& now);

/// The worker as the transaction has it so far, for a condition that is decided together with a change.
/// WorkerNotFound, InvalidArgument.
Result<WorkerView> GetWorker(const WriteTx& tx, std::string_view worker_id);

struct UnregisterWorkerCommand {
  std::string worker_id;
  std::optional<std::int64_t> expected_revision;
  std::string actor;
};

/// WorkerNotFound, InvalidWorkerState, InvalidArgument. Returns the worker as it was.
Result<WorkerView> UnregisterWorker(const UnregisterWorkerCommand& command, WriteTx& tx, const Moment& now);

/// Views: the strings must outlive the call.
struct HeartbeatCommand {
  std::string_view worker_id;
  std::string_view instance_id;  // empty: not fenced
  std::optional<std::int32_t> in_use;
  std::string_view peer;  // the caller's address; needed only to report clones
};

struct HeartbeatReceipt {
  WorkerStatus status;
};

/// WorkerNotFound, InstanceSuperseded, InvalidArgument. Never changes the status. An accepted heartbeat
/// allocates nothing here.
///
/// An instance that was replaced learns of it by InstanceSuperseded and should stop. If it still sends
/// heartbeats `heartbeat_timeout` (Settings) after the replacement, two processes use one id: the call
/// returns InstanceSuperseded AND stages an event that reports it, once for each registration. So the batch
/// must be committed even if all of its commands were refused.
///
/// Two processes of one instance, which send from two hosts in turns, are reported in the same way; their
/// heartbeats are accepted. That is looked for only with `turns`: Registry::address_turns, for a heartbeat
/// that came alone, neither in a batch nor on a stream, with its `peer`.
Result<HeartbeatReceipt> RecordHeartbeat(const HeartbeatCommand& command, absl::Duration heartbeat_timeout,
                                         WriteTx& tx, const Moment& now, AddressTurns* turns = nullptr);

struct UpdateWorkerStatusCommand {
  std::string worker_id;
  WorkerStatus status;
  std::optional<WorkerStatus> expected_status;
  std::optional<std::int64_t> expected_revision;
  std::string reason;
  std::string actor;
};

/// WorkerNotFound, InvalidWorkerState, InvalidStateTransition, InvalidArgument.
Result<WorkerView> UpdateWorkerStatus(const UpdateWorkerStatusCommand& command, WriteTx& tx,
                                      const Moment& now);

/// The interval to advise, before jitter: max(min interval, fleet / max rate), never more than a third of
/// the timeout.
absl::Duration AdvisedInterval(std::int64_t fleet, const Settings& settings);

/// True where even the longest interval that may be advised brings more heartbeats than the maximum rate.
bool PacingSaturated(std::int64_t fleet, const Settings& settings);

/// The interval for one answer: ±10 % by `random` (any 64 bits), never more than a third of the timeout.
absl::Duration WithJitter(absl::Duration interval, std::uint64_t random, const Settings& settings);

}  // namespace muster
