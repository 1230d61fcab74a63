#include "rpc/heartbeat_wire.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <cstdint>

#include "muster/v1/commands.pb.h"

namespace muster::rpc {
namespace {

enum WireType : std::uint32_t { kVarint, kFixed64, kLengthDelimited, kStartGroup, kEndGroup, kFixed32 };

constexpr std::uint32_t Tag(int field, WireType type) {
  return static_cast<std::uint32_t>(field) << 3 | type;
}
constexpr WireType TypeOf(std::uint32_t tag) {
  return static_cast<WireType>(tag & 7);
}

constexpr std::uint32_t kWorkerId = Tag(v1::HeartbeatRequest::kWorkerIdFieldNumber, kLengthDelimited);
constexpr std::uint32_t kInstanceId = Tag(v1::HeartbeatRequest::kInstanceIdFieldNumber, kLengthDelimited);
constexpr std::uint32_t kInUse = Tag(v1::HeartbeatRequest::kInUseFieldNumber, kVarint);
constexpr std::uint32_t kHeartbeats =
    Tag(v1::BatchHeartbeatRequest::kHeartbeatsFieldNumber, kLengthDelimited);

/// Reads protobuf's wire format; each method returns false if the bytes are malformed. Not CodedInputStream,
/// which takes tags and lengths in more bytes than the generated code does.
class WireReader {
 public:
  /// `depth`: how many other messages contain this one.
  WireReader(std::string_view bytes, int depth) : rest_(bytes), depth_(depth) {}

  bool AtEnd() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

  bool ReadTag(std::uint32_t& tag) {
    std::uint64_t value = 0;
    if (!ReadVarint<5>(value)) return false;
    tag = static_cast<std::uint32_t>(value);
    return tag >> 3 != 0;
  }
  bool ReadVarint(std::uint64_t& value) { return ReadVarint<10>(value); }
  bool ReadLength(std::uint64_t& length) { return ReadVarint<5>(length); }
  bool ReadBytes(std::string_view& bytes) {
    std::uint64_t length = 0;
    return ReadLength(length) && Take(length, bytes);
  }

  /// Skips an unknown field whose tag was read.
  bool Skip(std::uint32_t tag) {
    std::string_view bytes;
    std::uint64_t number = 0;
    switch (TypeOf(tag)) {
      case kVarint:
        return ReadVarint(number);
      case kFixed64:
        return Take(8, bytes);
      case kLengthDelimited:
        return ReadBytes(bytes);
      case kStartGroup:
        return SkipGroup(tag);
      case kFixed32:
        return Take(4, bytes);
      case kEndGroup:
        break;  // the end of a group that never began
    }
    return false;
  }

 private:
  template <int max_bytes>
  bool ReadVarint(std::uint64_t& value) {
    value = 0;
    for (std::size_t i = 0; i < max_bytes && i < rest_.size(); ++i) {
      const auto byte = static_cast<unsigned char>(rest_[i]);
      value |= std::uint64_t{byte & 0x7Fu} << (7 * i);
      if (byte < 0x80) {
        rest_.remove_prefix(i + 1);
        return true;
      }
    }
    return false;
  }

  bool Take(std::uint64_t length, std::string_view& bytes) {
    if (length > rest_.size()) return false;
    bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }

  bool SkipGroup(std::uint32_t start) {
    if (++depth_ > google::protobuf::io::CodedInputStream::GetDefaultRecursionLimit()) return false;
    std::uint32_t tag = 0;
    while (ReadTag(tag)) {
      if (TypeOf(tag) == kEndGroup) {
        --depth_;
        return tag >> 3 == start >> 3;
      }
      if (!Skip(tag)) return false;
    }
    return false;
  }

  std::string_view rest_;
  int depth_;
};

/// Merges a HeartbeatRequest that is inside of `depth` other messages into `heartbeat`. False if it is
/// malformed.
bool MergeHeartbeat(std::string_view bytes, int depth, HeartbeatCommand& heartbeat) {
  WireReader in(bytes, depth);
  while (!in.AtEnd()) {
    std::uint32_t tag = 0;
    if (!in.ReadTag(tag)) return false;
    if (tag == kWorkerId) {
      if (!in.ReadBytes(heartbeat.worker_id)) return false;
    } else if (tag == kInstanceId) {
      if (!in.ReadBytes(heartbeat.instance_id)) return false;
    } else if (tag == kInUse) {
      std::uint64_t value = 0;
      if (!in.ReadVarint(value)) return false;
      heartbeat.in_use = static_cast<std::int32_t>(value);
    } else if (!in.Skip(tag)) {
      return false;
    }
  }
  return true;
}

/// Calls `each` with the bytes of every heartbeat of a BatchHeartbeatRequest, until it returns false.
/// Returns false then, and if the request is malformed.
template <typename Each>
bool ForEachHeartbeat(std::string_view bytes, Each each) {
  WireReader in(bytes, 0);
  while (!in.AtEnd()) {
    std::uint32_t tag = 0;
    if (!in.ReadTag(tag)) return false;
    if (tag == kHeartbeats) {
      std::string_view heartbeat;
      if (!in.ReadBytes(heartbeat) || !each(heartbeat)) return false;
    } else if (!in.Skip(tag)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<HeartbeatCommand> ReadHeartbeat(std::string_view bytes) {
  HeartbeatCommand heartbeat;
  if (!MergeHeartbeat(bytes, 0, heartbeat)) return std::nullopt;
  return heartbeat;
}

// On the wire a StreamHeartbeatsRequest is a batch of one. Several values of that field are pieces of one
// heartbeat.
std::optional<HeartbeatCommand> ReadStreamed(std::string_view bytes) {
  static_assert(int{v1::StreamHeartbeatsRequest::kHeartbeatFieldNumber} ==
                int{v1::BatchHeartbeatRequest::kHeartbeatsFieldNumber});
  HeartbeatCommand heartbeat;
  const bool readable = ForEachHeartbeat(
      bytes, [&heartbeat](std::string_view piece) { return MergeHeartbeat(piece, 1, heartbeat); });
  if (!readable) return std::nullopt;
  return heartbeat;
}

std::optional<std::size_t> ReadBatch(std::string_view bytes, std::size_t max,
                                     std::vector<HeartbeatCommand>& heartbeats) {
  std::size_t count = 0;
  const bool readable = ForEachHeartbeat(bytes, [&](std::string_view heartbeat) {
    return ++count > max || MergeHeartbeat(heartbeat, 1, heartbeats.emplace_back());
  });
  if (!readable) return std::nullopt;
  return count;
}

std::int64_t EstimateBatch(std::string_view beginning, std::size_t bytes) {
  WireReader in(beginning, 0);
  std::uint32_t tag = 0;
  std::uint64_t length = 0;
  if (!in.ReadTag(tag) || tag != kHeartbeats || !in.ReadLength(length)) return 1;
  const std::uint64_t first = beginning.size() - in.left() + length;
  return static_cast<std::int64_t>(std::max<std::uint64_t>(1, bytes / first));
}

}  // namespace muster::rpc
