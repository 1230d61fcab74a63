// What the load generator sends: who the workers of the benchmark are, and the calls about them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::bench {

/// A stream of calls to one method. Not thread-safe.
class Workload {
 public:
  virtual ~Workload() = default;
  virtual std::string_view path() const = 0;
  /// Puts the next request, framed for gRPC, into `body`. False: there are no more.
  virtual bool Next(std::string& body) = 0;
  /// Who makes the call that Next gave last: a number below callers(). A caller that is told to wait makes no
  /// other call meanwhile.
  virtual std::size_t Caller() const = 0;
  virtual std::size_t callers() const = 0;
  /// How many items of an answer (a gRPC message, unframed) with status OK were really accepted; 0 if it is
  /// not the answer that the method gives.
  virtual std::int64_t Accepted(std::string_view message) const = 0;
};

/// Registers every worker once. Each has an instance_id, a region out of eight, capabilities and metadata.
class RegisterWorkload final : public Workload {
 public:
  explicit RegisterWorkload(std::int64_t workers) : workers_(workers) {}
  std::string_view path() const override { return "/muster.v1.WorkerCommands/RegisterWorker"; }
  bool Next(std::string& body) override;
  std::size_t Caller() const override { return static_cast<std::size_t>(next_ - 1); }
  std::size_t callers() const override { return static_cast<std::size_t>(workers_); }
  std::int64_t Accepted(std::string_view message) const override { return message.empty() ? 0 : 1; }

 private:
  const std::int64_t workers_;
  std::int64_t next_ = 0;
};

/// Heartbeats, the workers in turn with a stride; some name their instance, some say how busy they are.
class HeartbeatWorkload final : public Workload {
 public:
  explicit HeartbeatWorkload(std::int64_t workers);
  std::string_view path() const override { return "/muster.v1.WorkerCommands/Heartbeat"; }
  bool Next(std::string& body) override;
  std::size_t Caller() const override { return caller_; }
  std::size_t callers() const override { return bodies_.size(); }
  std::int64_t Accepted(std::string_view message) const override { return message.empty() ? 0 : 1; }

 private:
  std::vector<std::string> bodies_;  // by worker, framed
  std::size_t next_ = 0;
  std::size_t caller_ = 0;
};

/// The same in batches of 1,000 workers, which lie far apart on the roll. `once`: it ends when each worker
/// had its turn.
class BatchWorkload final : public Workload {
 public:
  BatchWorkload(std::int64_t workers, bool once);
  std::string_view path() const override { return "/muster.v1.WorkerCommands/BatchHeartbeat"; }
  bool Next(std::string& body) override;
  std::size_t Caller() const override { return caller_; }
  std::size_t callers() const override { return bodies_.size(); }
  std::int64_t Accepted(std::string_view message) const override;

 private:
  const bool once_;
  bool done_ = false;
  std::vector<std::string> bodies_;  // framed
  std::size_t next_ = 0;
  std::size_t caller_ = 0;
};

/// Heartbeats that are refused by themselves, half of them for in_use below 0, half for an instance that does
/// not hold the id.
class BadWorkload final : public Workload {
 public:
  explicit BadWorkload(std::int64_t workers) : workers_(workers) {}
  std::string_view path() const override { return "/muster.v1.WorkerCommands/Heartbeat"; }
  bool Next(std::string& body) override;
  std::size_t Caller() const override { return 0; }
  std::size_t callers() const override { return 1; }
  std::int64_t Accepted(std::string_view message) const override { return message.empty() ? 0 : 1; }

 private:
  const std::int64_t workers_;
  std::int64_t next_ = 0;
};

}  // namespace muster::bench
