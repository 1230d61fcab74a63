#include "rpc/heartbeat_wire.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>

#include "muster/v1/commands.pb.h"

namespace muster::rpc {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::uint32_t LengthDelimited(int field) {
  return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}
constexpr std::uint32_t Varint(int field) {
  return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_VARINT);
}

constexpr std::uint32_t kWorkerId = LengthDelimited(v1::HeartbeatRequest::kWorkerIdFieldNumber);
constexpr std::uint32_t kInstanceId = LengthDelimited(v1::HeartbeatRequest::kInstanceIdFieldNumber);
constexpr std::uint32_t kInUse = Varint(v1::HeartbeatRequest::kInUseFieldNumber);
constexpr std::uint32_t kHeartbeats = LengthDelimited(v1::BatchHeartbeatRequest::kHeartbeatsFieldNumber);

CodedInputStream StreamOf(std::string_view bytes) {
  return CodedInputStream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                          static_cast<int>(bytes.size()));
}

/// The bytes of a length-delimited field, of which the stream stands at the length.
bool ReadBytes(CodedInputStream& in, std::string_view bytes, std::string_view& field) {
  std::uint32_t length = 0;
  if (!in.ReadVarint32(&length)) return false;
  const auto at = static_cast<std::size_t>(in.CurrentPosition());
  if (length > bytes.size() - at) return false;
  field = bytes.substr(at, length);
  return in.Skip(static_cast<int>(length));
}

/// Merges a HeartbeatRequest into `heartbeat`. False if it is malformed.
bool MergeHeartbeat(std::string_view bytes, HeartbeatCommand& heartbeat) {
  CodedInputStream in = StreamOf(bytes);
  while (const std::uint32_t tag = in.ReadTag()) {
    if (tag == kWorkerId) {
      if (!ReadBytes(in, bytes, heartbeat.worker_id)) return false;
    } else if (tag == kInstanceId) {
      if (!ReadBytes(in, bytes, heartbeat.instance_id)) return false;
    } else if (tag == kInUse) {
      std::uint64_t value = 0;
      if (!in.ReadVarint64(&value)) return false;
      heartbeat.in_use = static_cast<std::int32_t>(value);
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      return false;
    }
  }
  return in.ConsumedEntireMessage();
}

}  // namespace

std::optional<HeartbeatCommand> ReadHeartbeat(std::string_view bytes) {
  HeartbeatCommand heartbeat;
  if (!MergeHeartbeat(bytes, heartbeat)) return std::nullopt;
  return heartbeat;
}

// On the wire a StreamHeartbeatsRequest is a batch of one. More than one in the same field is one in pieces.
std::optional<HeartbeatCommand> ReadStreamed(std::string_view bytes) {
  static_assert(int{v1::StreamHeartbeatsRequest::kHeartbeatFieldNumber} ==
                int{v1::BatchHeartbeatRequest::kHeartbeatsFieldNumber});
  HeartbeatCommand heartbeat;
  bool readable = true;
  readable &= ReadBatch(bytes, [&](std::string_view piece) { readable &= MergeHeartbeat(piece, heartbeat); });
  if (!readable) return std::nullopt;
  return heartbeat;
}

bool ReadBatch(std::string_view bytes, absl::FunctionRef<void(std::string_view)> each) {
  CodedInputStream in = StreamOf(bytes);
  while (const std::uint32_t tag = in.ReadTag()) {
    if (tag == kHeartbeats) {
      std::string_view heartbeat;
      if (!ReadBytes(in, bytes, heartbeat)) return false;
      each(heartbeat);
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      return false;
    }
  }
  return in.ConsumedEntireMessage();
}

}  // namespace muster::rpc
