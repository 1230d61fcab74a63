// What people type is taken as they mean it, or refused before anything is sent.
#include "workerctl/arguments.h"

#include "catch.h"

using namespace muster::ctl;

TEST_CASE("metadata entries are split at the first equals sign") {
  const auto metadata = ParseMetadata({"rack=r7", "empty=", "url=http://a?b=c"});
  CHECK(metadata.at("rack") == "r7");
  CHECK(metadata.at("empty").empty());
  CHECK(metadata.at("url") == "http://a?b=c");
}

TEST_CASE("metadata that is no key=value, or that names a key twice, is wrong usage") {
  CHECK_THROWS_AS(ParseMetadata({"rack"}), CLI::ValidationError);
  CHECK_THROWS_AS(ParseMetadata({"=r7"}), CLI::ValidationError);
  CHECK_THROWS_AS(ParseMetadata({"rack=r7", "rack=r8"}), CLI::ValidationError);
}

TEST_CASE("durations are read as Go writes them, and must be sensible") {
  CHECK(ParseTimeout("500ms") == absl::Milliseconds(500));
  CHECK(ParseTimeout("1m30s") == absl::Seconds(90));
  for (const char* wrong : {"", "10", "0s", "-1s", "25h", "inf", "soon"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(ParseTimeout(wrong), CLI::ValidationError);
    CHECK_THROWS_AS(ParseInterval(wrong), CLI::ValidationError);
  }
}

TEST_CASE("a server is HOST:PORT or a unix socket") {
  for (const char* right :
       {"127.0.0.1:50051", "roll.example.org:1", "[::1]:65535", "unix:/run/musterd.sock"}) {
    CAPTURE(right);
    CHECK_NOTHROW(CheckServer(right));
  }
  for (const char* wrong : {"", "localhost", ":50051", "localhost:", "localhost:0", "localhost:65536",
                            "::1:50051", "unix:", "localhost:http"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(CheckServer(wrong), CLI::ValidationError);
  }
}

TEST_CASE("the loopback is known by its names") {
  CHECK(IsLoopback("127.0.0.1:50051"));
  CHECK(IsLoopback("localhost:50051"));
  CHECK(IsLoopback("[::1]:50051"));
  CHECK_FALSE(IsLoopback("10.0.0.1:50051"));
  CHECK_FALSE(IsLoopback("localhost.example.org:50051"));
}
