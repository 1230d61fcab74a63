// Heartbeats of one stream that go through the roll together, in the order in which they came.
//
// The burst copies what it needs of each message (two ids of at most 128 bytes), so that no message stays in
// gRPC's buffers. After Clear it keeps its memory for the next heartbeats. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "muster/commands.h"
#include "muster/errors.h"
#include "muster/v1/commands.pb.h"

namespace muster::rpc {

class HeartbeatBurst {
 public:
  std::size_t size() const { return beats_.size(); }

  void Add(const HeartbeatCommand& heartbeat);
  void Clear();

  void CollectKeys(BatchKeys& keys) const;
  /// Decides each heartbeat; the last call counts. Returns how many were recorded.
  std::int32_t Record(std::string_view peer, absl::Duration heartbeat_timeout, WriteTx& tx,
                      const Moment& now);
  /// None was recorded.
  void Refuse(const WorkerError& error);

  /// Writes the result of heartbeat `index` into a message with no field set. True if it was recorded.
  /// Precondition: index < size(), and every heartbeat was decided.
  bool Describe(std::size_t index, v1::StreamHeartbeatsResponse& answer) const;

 private:
  struct Beat {
    std::uint32_t text_at;
    std::uint8_t worker_id_bytes;
    std::uint8_t instance_id_bytes;
    WorkerStatus status;
    std::optional<std::int32_t> in_use;
    std::uint32_t refusal = kRecorded;  // or the index of its error in refusals_
  };
  static constexpr std::uint32_t kRecorded = std::numeric_limits<std::uint32_t>::max();

  std::string_view WorkerIdOf(const Beat& beat) const;
  HeartbeatCommand CommandOf(const Beat& beat) const;
  /// Makes the error one about a StreamHeartbeatsRequest.
  void Refuse(Beat& beat, WorkerError error);

  std::vector<Beat> beats_;
  std::string text_;  // worker_id and instance_id of each heartbeat
  std::vector<WorkerError> refusals_;
  std::size_t refused_when_read_ = 0;  // so many of refusals_ were added before any decision
  absl::Time recorded_at_;
  absl::Duration heartbeat_timeout_;
};

}  // namespace muster::rpc
