#include "rpc/heartbeat_burst.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "domain/text.h"
#include "domain/validation.h"
#include "muster/check.h"
#include "rpc/convert.h"
#include "rpc/wire_error.h"

namespace muster::rpc {
namespace {

/// An id that is too long is not even kept.
FieldError CheckLengths(const HeartbeatCommand& heartbeat) {
  if (heartbeat.worker_id.size() > kMaxWorkerIdBytes) return CheckWorkerId(heartbeat.worker_id);
  if (heartbeat.instance_id.size() > kMaxInstanceIdBytes) return CheckInstanceId(heartbeat.instance_id);
  return std::nullopt;
}

}  // namespace

void HeartbeatBurst::Add(const HeartbeatCommand& heartbeat) {
  Beat& beat = beats_.emplace_back();
  beat.text_at = static_cast<std::uint32_t>(text_.size());
  beat.in_use = heartbeat.in_use;
  if (heartbeat.worker_id.size() <= kMaxWorkerIdBytes) {
    beat.worker_id_bytes = static_cast<std::uint8_t>(heartbeat.worker_id.size());
    text_.append(heartbeat.worker_id);
  }
  if (FieldError complaint = CheckLengths(heartbeat)) {
    Refuse(beat, *std::move(complaint));
    ++refused_when_read_;
  } else {
    beat.instance_id_bytes = static_cast<std::uint8_t>(heartbeat.instance_id.size());
    text_.append(heartbeat.instance_id);
  }
}

void HeartbeatBurst::Clear() {
  beats_.clear();
  text_.clear();
  refusals_.clear();
  refused_when_read_ = 0;
}

void HeartbeatBurst::CollectKeys(BatchKeys& keys) const {
  for (const Beat& beat : beats_) keys.ids.push_back(WorkerIdOf(beat));
}

std::int32_t HeartbeatBurst::Record(std::string_view peer, absl::Duration heartbeat_timeout, WriteTx& tx,
                                    const Moment& now) {
  recorded_at_ = now.wall;
  heartbeat_timeout_ = heartbeat_timeout;
  refusals_.resize(refused_when_read_);
  std::int32_t recorded = 0;
  for (Beat& beat : beats_) {
    if (beat.refusal < refused_when_read_) continue;
    HeartbeatCommand command = CommandOf(beat);
    command.peer = peer;
    Result<HeartbeatReceipt> receipt = RecordHeartbeat(command, heartbeat_timeout, tx, now);
    if (receipt.ok()) {
      beat.refusal = kRecorded;
      beat.status = receipt->status;
      ++recorded;
    } else {
      Refuse(beat, std::move(receipt).error());
    }
  }
  return recorded;
}

void HeartbeatBurst::Refuse(const WorkerError& error) {
  refusals_.assign(1, error);
  for (Beat& beat : beats_) beat.refusal = 0;
}

void HeartbeatBurst::Refuse(Beat& beat, WorkerError error) {
  if (auto* invalid = std::get_if<InvalidArgument>(&error)) {
    invalid->field = Concat({"heartbeat.", invalid->field});
  }
  beat.refusal = static_cast<std::uint32_t>(refusals_.size());
  refusals_.push_back(std::move(error));
}

bool HeartbeatBurst::Describe(std::size_t index, v1::StreamHeartbeatsResponse& answer) const {
  MUSTER_CHECK(index < size(), "a heartbeat of the burst is answered");
  const Beat& beat = beats_[index];
  const std::string_view worker_id = WorkerIdOf(beat);
  if (beat.refusal == kRecorded) {
    answer.set_worker_id(worker_id.data(), worker_id.size());
    answer.mutable_result()->set_status(ToProto(beat.status));
    ToProto(recorded_at_, *answer.mutable_recorded_at());
    ToProto(heartbeat_timeout_, *answer.mutable_heartbeat_timeout());
    return true;
  }
  if (IsUtf8(worker_id)) answer.set_worker_id(worker_id.data(), worker_id.size());
  ToProto(refusals_[beat.refusal], *answer.mutable_result()->mutable_error());
  return false;
}

std::string_view HeartbeatBurst::WorkerIdOf(const Beat& beat) const {
  return std::string_view(text_).substr(beat.text_at, beat.worker_id_bytes);
}

HeartbeatCommand HeartbeatBurst::CommandOf(const Beat& beat) const {
  HeartbeatCommand command;
  command.worker_id = WorkerIdOf(beat);
  command.instance_id =
      std::string_view(text_).substr(beat.text_at + beat.worker_id_bytes, beat.instance_id_bytes);
  command.in_use = beat.in_use;
  return command;
}

}  // namespace muster::rpc
