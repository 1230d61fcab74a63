// Tags as RFC 9110 defines them: lists, weak tags, and text that is no tag.
#include "http/api/entity_tags.h"

#include <string>

#include "tests/catch.h"

namespace muster::http {
namespace {

Worker AtSeven() {
  Worker worker;
  worker.revision = 7;
  return worker;
}

Request With(std::string name, std::string value) {
  Request request;
  request.headers.emplace_back(std::move(name), std::move(value));
  return request;
}

TEST_CASE("If-None-Match compares weakly") {
  for (const char* tags : {"\"7\"", "W/\"7\"", "*", " * ", "\"1\", \"7\"", "\"a,b\",W/\"7\"", "\"7\","}) {
    INFO(tags);
    CHECK(HasAlready(With("if-none-match", tags), AtSeven()));
  }
  for (const char* tags : {"", "\"8\"", "7", "\"07\"", "\"7", "\"7-gzip\"", "\"70\"", "*, \"7\""}) {
    INFO(tags);
    CHECK_FALSE(HasAlready(With("if-none-match", tags), AtSeven()));
  }
  CHECK_FALSE(HasAlready(Request(), AtSeven()));
}

TEST_CASE("If-Match compares strongly") {
  const auto holds = [](const char* tags) {
    return Precondition::Of(With("if-match", tags))->Holds(AtSeven());
  };
  for (const char* tags : {"\"7\"", "*", "\"1\" , \"7\"", "W/\"7\", \"7\""}) {
    INFO(tags);
    CHECK(holds(tags));
  }
  for (const char* tags : {"\"8\"", "W/\"7\"", "\"other\"", "\"1\", \"2\""}) {
    INFO(tags);
    CHECK_FALSE(holds(tags));
  }
  CHECK(Precondition::Of(Request())->Holds(AtSeven()));
}

TEST_CASE("If a header is no list of tags, the error names it") {
  for (const char* tags : {"", "7", "\"7", "\"7\" \"8\"", "* \"7\"", "w/\"7\""}) {
    INFO(tags);
    const auto condition = Precondition::Of(With("if-match", tags));
    REQUIRE_FALSE(condition.ok());
    CHECK(std::get<InvalidArgument>(condition.error()).field == "If-Match");
  }
}

}  // namespace
}  // namespace muster::http
