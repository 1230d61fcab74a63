// The hot path's own decoding finds what protobuf's would.
#include "rpc/heartbeat_wire.h"

#include <random>
#include <string>
#include <vector>

#include "catch.h"
#include "muster/v1/commands.pb.h"

namespace muster::rpc {
namespace {

/// What both find in `bytes` is the same, or both refuse them.
void CheckAgainstProtobuf(const std::string& bytes) {
  v1::HeartbeatRequest expected;
  const bool readable = expected.ParseFromString(bytes);
  const std::optional<HeartbeatCommand> found = ReadHeartbeat(bytes);
  REQUIRE(found.has_value() == readable);
  if (!found) return;
  CHECK(found->worker_id == expected.worker_id());
  CHECK(found->instance_id == expected.instance_id());
  CHECK(found->in_use.has_value() == expected.has_in_use());
  CHECK(found->in_use.value_or(0) == expected.in_use());
}

TEST_CASE("Messages of every shape are read as protobuf reads them") {
  v1::HeartbeatRequest request;
  CheckAgainstProtobuf(request.SerializeAsString());
  request.set_worker_id("w1");
  CheckAgainstProtobuf(request.SerializeAsString());
  request.set_instance_id(std::string(300, 'i'));
  for (const std::int32_t in_use : {0, 1, 127, 128, 2'147'483'647, -1}) {
    request.set_in_use(in_use);
    CheckAgainstProtobuf(request.SerializeAsString());
  }
  const std::string whole = request.SerializeAsString();
  CheckAgainstProtobuf(whole + whole);  // the last of each wins
  for (std::size_t cut = 0; cut < whole.size(); ++cut) CheckAgainstProtobuf(whole.substr(0, cut));
  CheckAgainstProtobuf(whole + "\x22\x03new");        // a field of a later version
  CheckAgainstProtobuf("\x08\x05" + whole);           // field 1, but a number
  CheckAgainstProtobuf(whole + "\x23\x2a\x01x\x24");  // a group
  CheckAgainstProtobuf(whole + "\x24");               // the end of a group that never began
}

TEST_CASE("Random bytes are read, or refused, as protobuf does") {
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same every time
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 12, '\0');
    // Few distinct bytes, all ASCII: so that much of it is well-formed, and text is UTF-8.
    for (char& byte : bytes) byte = "\x0a\x12\x18\x01\x02\x03\x22\x08"[random() % 8];
    CheckAgainstProtobuf(bytes);
  }
}

TEST_CASE("A batch is read heartbeat by heartbeat") {
  v1::BatchHeartbeatRequest request;
  request.add_heartbeats()->set_worker_id("a");
  request.add_heartbeats();
  request.add_heartbeats()->set_worker_id("b");
  const std::string bytes = request.SerializeAsString();
  std::vector<std::string> ids;
  const auto collect = [&ids](std::string_view heartbeat) {
    ids.emplace_back(ReadHeartbeat(heartbeat)->worker_id);
  };
  CHECK(ReadBatch(bytes + "\x12\x01x", collect));
  CHECK(ids == std::vector<std::string>{"a", "", "b"});
  CHECK_FALSE(ReadBatch(bytes.substr(0, bytes.size() - 1), collect));
}

TEST_CASE("A message of a stream is read as protobuf reads it") {
  v1::StreamHeartbeatsRequest request;
  std::string pieces = request.SerializeAsString();
  request.mutable_heartbeat()->set_worker_id("w1");
  request.mutable_heartbeat()->set_instance_id("i1");
  pieces += request.SerializeAsString();
  request.mutable_heartbeat()->set_worker_id("w2");
  request.mutable_heartbeat()->clear_instance_id();
  request.mutable_heartbeat()->set_in_use(4);
  pieces += request.SerializeAsString() + "\x12\x03new";
  for (std::size_t cut = 0; cut <= pieces.size(); ++cut) {
    const std::string bytes = pieces.substr(0, cut);
    const bool readable = request.ParseFromString(bytes);
    const std::optional<HeartbeatCommand> found = ReadStreamed(bytes);
    REQUIRE(found.has_value() == readable);
    if (!found) continue;
    CHECK(found->worker_id == request.heartbeat().worker_id());
    CHECK(found->instance_id == request.heartbeat().instance_id());
    CHECK(found->in_use.has_value() == request.heartbeat().has_in_use());
    CHECK(found->in_use.value_or(0) == request.heartbeat().in_use());
  }
}

}  // namespace
}  // namespace muster::rpc
