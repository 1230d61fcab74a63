// The hot path's own decoding finds what protobuf's would.
#include "rpc/heartbeat_wire.h"

#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "catch.h"
#include "muster/v1/commands.pb.h"
#include "muster/v1/queries.pb.h"

namespace muster::rpc {
namespace {

/// As a varint.
std::string LengthOf(const std::string& bytes) {
  std::string length;
  for (std::size_t rest = bytes.size();; rest >>= 7) {
    if (rest < 0x80) return length + static_cast<char>(rest);
    length += static_cast<char>(0x80 | (rest & 0x7F));
  }
}

/// Both decoders find the same in `bytes`, or both refuse them.
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

/// Writes messages that are mostly well-formed, of fields that HeartbeatRequest knows and of others.
class RandomWire {
 public:
  explicit RandomWire(unsigned seed) : random_(seed) {}

  std::string Message() {
    std::string bytes;
    for (int fields = Below(5); fields > 0; --fields) Field(bytes, 0);
    if (Below(3) == 0 && !bytes.empty()) bytes[Index(bytes)] = static_cast<char>(Below(256));
    if (Below(4) == 0) bytes.resize(Index(bytes));
    return bytes;
  }

  std::array<int, 8> of_type{};  // how many fields of each wire type it wrote

 private:
  int Below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
  std::size_t Index(const std::string& bytes) {
    return random_() % (bytes.size() + 1) % std::max<std::size_t>(1, bytes.size());
  }

  /// Sometimes in more bytes than necessary: up to twelve. Ten are allowed, five for a tag or a length.
  void Varint(std::uint64_t value, std::string& out) {
    const std::size_t bytes = Below(6) == 0 ? static_cast<std::size_t>(1 + Below(12)) : 1;
    for (std::size_t i = 1; value >= 0x80 || i < bytes; ++i, value >>= 7) {
      out.push_back(static_cast<char>(0x80 | (value & 0x7F)));
    }
    out.push_back(static_cast<char>(value));
  }

  void Field(std::string& out, int depth) {
    constexpr std::uint32_t kNumbers[] = {0, 1, 1, 2, 3, 3, 6, 15, 16, 2'047, 2'048, 536'870'911};
    const std::uint32_t number = kNumbers[Below(12) == 0 ? 0 : 1 + Below(11)];
    const int type = Below(20) == 0 ? Below(8) : Below(6);
    Varint(number << 3 | static_cast<unsigned>(type), out);
    ++of_type[static_cast<std::size_t>(type)];
    switch (type) {
      case 0:
        return Varint(
            Below(2) == 0 ? static_cast<std::uint64_t>(Below(300)) : std::uint64_t{random_()} << Below(33),
            out);
      case 1:
        return void(out.append("12345678"));
      case 2: {
        const auto length = static_cast<std::size_t>(Below(200));
        Varint(length, out);
        return void(out.append(length, 'x'));
      }
      case 3: {
        for (int fields = depth < 4 ? Below(3) : 0; fields > 0; --fields) Field(out, depth + 1);
        return Varint((Below(12) == 0 ? number + 1 : number) << 3 | 4, out);
      }
      case 5:
        return void(out.append("1234"));
      default:
        return;
    }
  }

  std::mt19937 random_;
};

/// As protobuf reads a message type without fields: it does not check then whether text is UTF-8.
void CheckAsUnknownFields(const std::string& bytes) {
  v1::GetFleetSummaryRequest nothing;
  const bool readable = nothing.ParseFromString(bytes);
  const std::optional<HeartbeatCommand> found = ReadHeartbeat(bytes);
  REQUIRE(found.has_value() == readable);
  if (!found) return;
  std::string worker_id, instance_id;
  std::optional<std::int32_t> in_use;
  const auto& fields = nothing.GetReflection()->GetUnknownFields(nothing);
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& field = fields.field(i);
    const bool is_text = field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED;
    if (is_text && field.number() == 1) worker_id = field.length_delimited();
    if (is_text && field.number() == 2) instance_id = field.length_delimited();
    if (field.type() == google::protobuf::UnknownField::TYPE_VARINT && field.number() == 3) {
      in_use = static_cast<std::int32_t>(field.varint());
    }
  }
  CHECK(found->worker_id == worker_id);
  CHECK(found->instance_id == instance_id);
  CHECK(found->in_use == in_use);
}

TEST_CASE("Fields of every wire type, known or not, whole or broken, are read as protobuf reads them") {
  RandomWire wire(11);
  int readable = 0;
  constexpr int kRounds = 50'000;
  for (int round = 0; round < kRounds; ++round) {
    const std::string bytes = wire.Message();
    CAPTURE(round, absl::CHexEscape(bytes));
    CheckAsUnknownFields(bytes);
    readable += ReadHeartbeat(bytes).has_value() ? 1 : 0;
    REQUIRE(ReadStreamed("\x0a" + LengthOf(bytes) + bytes).has_value() == ReadHeartbeat(bytes).has_value());
  }
  CHECK(readable > kRounds / 4);
  CHECK(readable < kRounds * 3 / 4);
  for (const int fields : wire.of_type) CHECK(fields > 500);
}

/// So many groups, each inside the one before.
std::string Groups(int depth) {
  return std::string(static_cast<std::size_t>(depth), '\x33') +
         std::string(static_cast<std::size_t>(depth), '\x34');
}

TEST_CASE("Groups are followed as deep as protobuf follows them") {
  for (const int depth : {1, 50, 98, 99, 100, 101, 102, 10'000}) {
    CAPTURE(depth);
    const std::string groups = Groups(depth);
    CheckAgainstProtobuf(groups);
    CHECK(ReadHeartbeat(groups).has_value() == (depth <= 100));

    // Inside another message one level less is allowed.
    const std::string stream = "\x0a" + LengthOf(groups) + groups;
    v1::StreamHeartbeatsRequest request;
    CHECK(request.ParseFromString(stream) == (depth <= 99));
    CHECK(ReadStreamed(stream).has_value() == (depth <= 99));
    std::vector<HeartbeatCommand> heartbeats;
    CHECK(ReadBatch(stream, 10, heartbeats).has_value() == (depth <= 99));
    CHECK(ReadBatch(groups, 10, heartbeats).has_value() == (depth <= 100));
  }
  CheckAgainstProtobuf(Groups(100) + Groups(100));
}

TEST_CASE("Tags and lengths that take more bytes than they may are refused") {
  const auto overlong = [](char last, int bytes) {
    return std::string(1, static_cast<char>(last | '\x80')) +
           std::string(static_cast<std::size_t>(bytes - 2), '\x80') + std::string(1, '\0');
  };
  for (int bytes = 2; bytes <= 12; ++bytes) {
    CAPTURE(bytes);
    const std::string tag = overlong('\x0a', bytes) + "\x01w";
    CheckAgainstProtobuf(tag);
    CHECK(ReadHeartbeat(tag).has_value() == (bytes <= 5));
    const std::string length = "\x0a" + overlong('\x01', bytes) + "w";
    CheckAgainstProtobuf(length);
    CHECK(ReadHeartbeat(length).has_value() == (bytes <= 5));
    const std::string number = "\x18" + overlong('\x01', bytes);
    CheckAgainstProtobuf(number);
    CHECK(ReadHeartbeat(number).has_value() == (bytes <= 10));
  }
  CheckAgainstProtobuf("\x0a\x81\x80\x80\x80\x10w");  // a length of 2^32 + 1
  CheckAgainstProtobuf("\x8a\x80\x80\x80\x10\x01w");  // a tag of 2^32 + 10
}

TEST_CASE("A batch is read heartbeat by heartbeat") {
  v1::BatchHeartbeatRequest request;
  request.add_heartbeats()->set_worker_id("a");
  request.add_heartbeats();
  request.add_heartbeats()->set_worker_id("b");
  const std::string bytes = request.SerializeAsString();
  const auto ids = [](std::string_view batch, std::size_t max, std::size_t count) {
    std::vector<HeartbeatCommand> heartbeats;
    CHECK(ReadBatch(batch, max, heartbeats) == count);
    std::vector<std::string> found;
    for (const HeartbeatCommand& each : heartbeats) found.emplace_back(each.worker_id);
    return found;
  };
  CHECK(ids(bytes + "\x12\x01x", 10, 3) == std::vector<std::string>{"a", "", "b"});
  CHECK(ids(bytes, 2, 3) == std::vector<std::string>{"a", ""});  // the third is counted
  CHECK(ids("", 2, 0).empty());
  std::vector<HeartbeatCommand> ignored;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string part = bytes.substr(0, cut);
    CHECK(ReadBatch(part, 10, ignored).has_value() == request.ParseFromString(part));
  }
  CHECK_FALSE(ReadBatch("\x0a\x01\x0a" + bytes, 10, ignored));  // the first is malformed, the others are not
  CHECK(ReadBatch("\x0a\x01\x0a" + bytes, 0, ignored) == 4);
}

TEST_CASE("The number of heartbeats in a batch is estimated from its length and its first heartbeat") {
  for (const std::size_t id : {1U, 20U, 128U}) {
    for (const int heartbeats : {1, 10, 1'000}) {
      v1::BatchHeartbeatRequest request;
      for (int i = 0; i < heartbeats; ++i) request.add_heartbeats()->set_worker_id(std::string(id, 'w'));
      const std::string bytes = request.SerializeAsString();
      CHECK(EstimateBatch(bytes, bytes.size()) == heartbeats);
      CHECK(EstimateBatch(bytes.substr(0, 3), bytes.size()) == heartbeats);  // as it comes in pieces
    }
  }
  CHECK(EstimateBatch("", 0) == 1);
  CHECK(EstimateBatch("\x0a", 1'000) == 1);
  CHECK(EstimateBatch("\x12\x01x", 1'000) == 1);
  CHECK(EstimateBatch(std::string_view("\x0a\0", 2), 1'000) == 500);
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
