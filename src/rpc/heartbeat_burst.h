// Heartbeats of one stream that go through the roll together, in the order in which they came.
//
// The burst copies what it needs of each message (two ids of at most 128 bytes), so that no message is held
// back in gRPC's buffers; cleared, it keeps its memory for the next heartbeats. Not thread-safe.
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
#include "muster/batch_keys.h"
#include "muster/v1/commands.pb.h"

namespace muster::rpc {

class HeartbeatBurst {
 public:
  std::size_t size() const { return beats_.size(); }
  bool empty() const { return beats_.empty(); }

  void Add(const HeartbeatCommand& heartbeat);
  void Clear();

  void CollectKeys(BatchKeys& keys) const;
  /// Decides about each; the last call counts. Returns how many were recorded.
  std::int32_t Record(std::string_view peer, absl::Duration heartbeat_timeout, WriteTx& tx,
                      const Moment& now);
  /// None was recorded.
  void Refuse(const WorkerError& error);

  /// What became of heartbeat `index`, into a message that is all unset. True where it was recorded.
  /// Precondition: index < size(), and all was decided.
  bool Describe(std::size_t index, v1::StreamHeartbeatsResponse& answer) const;

 private:
  struct Beat {
    std::uint32_t text_at;
    std::uint8_t worker_id_bytes;
    std::uint8_t instance_id_bytes;
    WorkerStatus status;
    std::optional<std::int32_t> in_use;
    std::uint32_t refusal = kRecorded;  // or where its error is in refusals_
  };
  static constexpr std::uint32_t kRecorded = std::numeric_limits<std::uint32_t>::max();

  std::string_view WorkerIdOf(const Beat& beat) const;
  HeartbeatCommand CommandOf(const Beat& beat) const;
  /// The error as one about a StreamHeartbeatsRequest.
  void Refuse(Beat& beat, WorkerError error);

  std::vector<Beat> beats_;
  std::string text_;  // worker_id and instance_id of each
  std::vector<WorkerError> refusals_;
  std::size_t refused_when_read_ = 0;  // so many of refusals_ came about before anything was decided
  absl::Time recorded_at_;
  absl::Duration heartbeat_timeout_;
};

}  // namespace muster::rpc
