#include "http/message.h"

#include <string>
#include <vector>

#include "catch.h"

namespace muster::http {
namespace {

using Segments = std::vector<std::string>;

TEST_CASE("A path is split at its slashes, and each piece is decoded") {
  CHECK(ReadTarget("/")->segments.empty());
  CHECK(ReadTarget("/workers")->segments == Segments{"workers"});
  CHECK(ReadTarget("/workers/")->segments == Segments{"workers", ""});
  CHECK(ReadTarget("//a")->segments == Segments{"", "a"});
  CHECK(ReadTarget("/a/../.%2e/./%2F")->segments == Segments{"a", "..", "..", ".", "/"});
  CHECK(ReadTarget("/worker%2d1+%3a%C3%A9")->segments == Segments{"worker-1+:é"});
  CHECK(ReadTarget("/a?b")->path == "/a");
}

TEST_CASE("A query is read in order, in the format of forms") {
  CHECK(ReadTarget("/a?")->query.empty());
  CHECK(ReadTarget("/a?&&")->query.empty());
  CHECK(ReadTarget("/a?x=1&x=2&y&=z&p=a%3Db=c+d%2b")->query ==
        Fields{{"x", "1"}, {"x", "2"}, {"y", ""}, {"", "z"}, {"p", "a=b=c d+"}});
  CHECK(ReadTarget("/a?u=http://h/?b")->query == Fields{{"u", "http://h/?b"}});
}

TEST_CASE("A complete URL is read as its path") {
  CHECK(ReadTarget("http://h:1/a/b?c=d")->path == "/a/b");
  CHECK(ReadTarget("HTTPS://h")->path == "/");
  CHECK(ReadTarget("http://h?a=b")->query == Fields{{"a", "b"}});
  CHECK(ReadTarget("*")->path == "*");
}

TEST_CASE("A target that does not decode is refused, and the error shows the piece") {
  for (const char* target : {"", "a", "?a", "ftp://h/a", "/%", "/%1", "/%1g", "/%00", "/%80", "/%ED%A0%80",
                             "/a?%00", "/a?b=%fe", "/a#b"}) {
    INFO(target);
    CHECK_FALSE(ReadTarget(target).ok());
  }
  CHECK(ReadTarget("/a/b%zz").status().message().find("\"b%zz\"") != std::string::npos);
}

}  // namespace
}  // namespace muster::http
