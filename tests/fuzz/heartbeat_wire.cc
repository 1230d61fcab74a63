// Our own reading of heartbeats finds what protobuf finds, and refuses what protobuf refuses.
#include "rpc/heartbeat_wire.h"

#include <google/protobuf/empty.pb.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "muster/check.h"
#include "muster/v1/commands.pb.h"

namespace muster {
namespace {

constexpr std::size_t kMost = 10;

void CheckSame(const HeartbeatCommand& ours, const v1::HeartbeatRequest& theirs) {
  MUSTER_CHECK(ours.worker_id == theirs.worker_id(), "the worker is the same");
  MUSTER_CHECK(ours.instance_id == theirs.instance_id(), "the instance is the same");
  MUSTER_CHECK(ours.in_use.has_value() == theirs.has_in_use(), "what is in use is given or not");
  MUSTER_CHECK(ours.in_use.value_or(0) == theirs.in_use(), "what is in use is the same");
}

void ReadOne(std::string_view bytes) {
  v1::HeartbeatRequest theirs;
  const bool readable = theirs.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  const std::optional<HeartbeatCommand> ours = rpc::ReadHeartbeat(bytes);
  if (readable) {
    MUSTER_CHECK(ours, "what protobuf reads is read");
    CheckSame(*ours, theirs);
  }
  // A message without fields reads the same bytes, and has no text to check for UTF-8, which is not our task
  // here.
  google::protobuf::Empty no_fields;
  MUSTER_CHECK(ours.has_value() == no_fields.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())),
               "what protobuf refuses is refused");
}

void ReadFromStream(std::string_view bytes) {
  v1::StreamHeartbeatsRequest theirs;
  const bool readable = theirs.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  const std::optional<HeartbeatCommand> ours = rpc::ReadStreamed(bytes);
  if (readable) {
    MUSTER_CHECK(ours, "what protobuf reads is read");
    CheckSame(*ours, theirs.heartbeat());
  }
}

void ReadMany(std::string_view bytes) {
  v1::BatchHeartbeatRequest theirs;
  const bool readable = theirs.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  std::vector<HeartbeatCommand> ours;
  const std::optional<std::size_t> count = rpc::ReadBatch(bytes, kMost, ours);
  MUSTER_CHECK(ours.size() <= kMost, "no more heartbeats are kept than were asked for");
  if (readable) {
    MUSTER_CHECK(count && *count == static_cast<std::size_t>(theirs.heartbeats_size()), "all are counted");
    for (std::size_t i = 0; i < ours.size(); ++i) CheckSame(ours[i], theirs.heartbeats(static_cast<int>(i)));
  }
}

}  // namespace
}  // namespace muster

// Protobuf would write a line for every text that is not UTF-8.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  muster::ReadOne(bytes);
  muster::ReadFromStream(bytes);
  muster::ReadMany(bytes);
  MUSTER_CHECK(muster::rpc::EstimateBatch(bytes, bytes.size()) >= 1, "a batch has at least one heartbeat");
  return 0;
}
