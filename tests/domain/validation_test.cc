// Every limit of every field: at the limit it is accepted, one over it is refused and the limit is named.
#include "domain/validation.h"

#include <cstdint>
#include <limits>
#include <string>

#include "catch.h"
#include "domain/text.h"

using namespace muster;

namespace {

std::string Field(const FieldError& complaint) {
  return complaint ? complaint->field : "";
}

bool Says(const FieldError& complaint, const std::string& part) {
  return complaint && complaint->reason.find(part) != std::string::npos;
}

WorkerConfig Good() {
  WorkerConfig config;
  config.region = "eu";
  config.capacity = 1;
  return config;
}

}  // namespace

TEST_CASE("worker ids: length") {
  CHECK_FALSE(CheckWorkerId("w"));
  CHECK_FALSE(CheckWorkerId(std::string(128, 'w')));
  CHECK(Field(CheckWorkerId("")) == "worker_id");
  CHECK(Says(CheckWorkerId(""), "1 to 128 bytes long, has 0"));
  CHECK(Says(CheckWorkerId(std::string(129, 'w')), "1 to 128 bytes long, has 129"));
}

TEST_CASE("worker ids: every byte, first and later") {
  for (int byte = 0; byte < 256; ++byte) {
    INFO(byte);
    const char c = static_cast<char>(byte);
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const bool later = alnum || (c != '\0' && std::string("._:@-").find(c) != std::string::npos);
    CHECK(!CheckWorkerId(std::string(1, c)) == alnum);
    CHECK(!CheckWorkerId(std::string("w") + c) == later);
    CHECK(!CheckInstanceId(std::string("w") + c) == later);
  }
}

TEST_CASE("worker ids: active is the name of a route") {
  CHECK(Says(CheckWorkerId("active"), "reserved"));
  CHECK_FALSE(CheckWorkerId("Active"));
  CHECK_FALSE(CheckWorkerId("active1"));
  CHECK_FALSE(CheckInstanceId("active"));
}

TEST_CASE("instance ids have limits and a name of their own") {
  CHECK_FALSE(CheckInstanceId(std::string(128, 'i')));
  CHECK(Field(CheckInstanceId(std::string(129, 'i'))) == "instance_id");
  CHECK(Says(CheckInstanceId(std::string(129, 'i')), "128"));
  CHECK(Says(CheckInstanceId("-a"), "must start with"));
}

TEST_CASE("region") {
  CHECK_FALSE(CheckRegion("eu west, Zürich"));
  CHECK_FALSE(CheckRegion(std::string(64, 'r')));
  CHECK(Field(CheckRegion("")) == "region");
  CHECK(Says(CheckRegion(std::string(65, 'r')), "1 to 64 bytes long, has 65"));
  CHECK(Says(CheckRegion("eu\n"), "control characters"));
  CHECK(Says(CheckRegion(std::string("eu\0x", 4)), "control characters"));
  CHECK(Says(CheckRegion("\xFF"), "UTF-8"));
}

TEST_CASE("capacity and in_use") {
  CHECK_FALSE(CheckCapacity(1));
  CHECK_FALSE(CheckCapacity(std::numeric_limits<std::int32_t>::max()));
  CHECK(Says(CheckCapacity(0), "more than 0, is 0"));
  CHECK(Says(CheckCapacity(-7), "is -7"));
  CHECK(Field(CheckCapacity(0)) == "capacity");
  CHECK_FALSE(CheckInUse(std::nullopt));
  CHECK_FALSE(CheckInUse(0));
  CHECK(Field(CheckInUse(-1)) == "in_use");
  CHECK(Says(CheckInUse(std::numeric_limits<std::int32_t>::min()), "0 or more"));
}

TEST_CASE("capabilities") {
  WorkerConfig config = Good();
  for (int i = 0; i < 64; ++i) config.capabilities.push_back("c" + std::to_string(i));
  CHECK_FALSE(CheckConfig(config));
  SECTION("one too many") {
    config.capabilities.push_back("more");
    CHECK(Field(CheckConfig(config)) == "capabilities");
    CHECK(Says(CheckConfig(config), "at most 64 entries, has 65"));
  }
  SECTION("length") {
    config.capabilities[3] = std::string(64, 'x');
    CHECK_FALSE(CheckConfig(config));
    config.capabilities[3] += 'x';
    CHECK(Field(CheckConfig(config)) == "capabilities[3]");
    CHECK(Says(CheckConfig(config), "1 to 64 bytes long, has 65"));
    config.capabilities[3].clear();
    CHECK(Says(CheckConfig(config), "has 0"));
  }
  SECTION("what they hold") {
    config.capabilities[63] = "gpu\t";
    CHECK(Field(CheckConfig(config)) == "capabilities[63]");
    CHECK(Says(CheckConfig(config), "control characters"));
  }
  SECTION("a duplicate is an error, wherever it stands") {
    config.capabilities[63] = config.capabilities[0];
    CHECK(Field(CheckConfig(config)) == "capabilities[63]");
    CHECK(Says(CheckConfig(config), "must not occur twice: \"c0\""));
  }
}

TEST_CASE("metadata: entries and bytes") {
  Metadata metadata;
  for (int i = 0; i < 64; ++i) metadata["k" + std::to_string(i)] = "";
  CHECK_FALSE(CheckMetadata(metadata));
  metadata["more"] = "";
  CHECK(Says(CheckMetadata(metadata), "at most 64 entries, has 65"));

  metadata = {{"key", std::string(16 * 1024 - 3, 'v')}};
  CHECK_FALSE(CheckMetadata(metadata));
  metadata["key"] += 'v';
  CHECK(Field(CheckMetadata(metadata)) == "metadata");
  CHECK(Says(CheckMetadata(metadata), "at most 16384 bytes, keys and values together, has 16385"));
}

TEST_CASE("metadata: what keys and values hold") {
  CHECK_FALSE(CheckMetadata({{"notes", "first\n\tsecond"}}));
  CHECK(Field(CheckMetadata({{"notes", std::string("a\0", 2)}})) == "metadata[notes]");
  CHECK(Says(CheckMetadata({{"notes", "a\rb"}}), "other than tabs and newlines"));
  CHECK(Says(CheckMetadata({{"notes", "\xC0\x80"}}), "UTF-8"));
  CHECK(Says(CheckMetadata({{"", "x"}}), "empty key"));
  CHECK(Says(CheckMetadata({{"a\tb", "x"}}), "its key must be valid UTF-8 without control characters"));

  SECTION("a field's name is text, whatever the key was") {
    CHECK(Field(CheckMetadata({{"\xFF", "x"}})) == "metadata[\\xff]");
    CHECK(IsText(Field(CheckMetadata({{std::string(5000, '\x01'), "x"}}))));
    CHECK(Field(CheckMetadata({{std::string(5000, 'k'), "\r"}})).size() < 100);
  }
}

TEST_CASE("reasons may be empty") {
  CHECK_FALSE(CheckReason(""));
  CHECK_FALSE(CheckReason(std::string(256, 'r')));
  CHECK(Field(CheckReason(std::string(257, 'r'))) == "reason");
  CHECK(Says(CheckReason(std::string(257, 'r')), "at most 256 bytes long, has 257"));
  CHECK(Says(CheckReason("a\nb"), "control characters"));
}

TEST_CASE("a status outside the enum is refused") {
  for (const WorkerStatus status : kAllStatuses) CHECK_FALSE(CheckStatus("status", status));
  for (const int number : {0, 5, 255}) {
    CHECK(Field(CheckStatus("expected_status", static_cast<WorkerStatus>(number))) == "expected_status");
  }
}
