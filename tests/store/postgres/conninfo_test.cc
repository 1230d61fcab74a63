#include "store/postgres/conninfo.h"

#include <string>

#include "tests/catch.h"

namespace muster::postgres {
namespace {

std::string ValueOf(const Target& target, const std::string& keyword) {
  std::string value = "(unset)";
  for (const auto& [name, is] : target) {
    if (name == keyword) {
      CHECK(value == "(unset)");  // once only
      value = is;
    }
  }
  return value;
}

TEST_CASE("a URL of several hosts is several targets, each with its port") {
  const Reply<std::vector<Target>> targets =
      TargetsOf("postgresql://me:secret@a:1,b:2,c:3/roll?options=-csearch_path%3Dm");
  REQUIRE(targets.ok());
  REQUIRE(targets->size() == 3);
  CHECK(ValueOf((*targets)[1], "host") == "b");
  CHECK(ValueOf((*targets)[1], "port") == "2");
  for (const Target& target : *targets) {
    CHECK(ValueOf(target, "dbname") == "roll");
    CHECK(ValueOf(target, "password") == "secret");
    CHECK(ValueOf(target, "options") == "-csearch_path=m");
    CHECK(ValueOf(target, "target_session_attrs") == "read-write");
    CHECK(ValueOf(target, "application_name") == "musterd");
  }
}

TEST_CASE("the URL decides on the network and the session, but not on the encoding") {
  const Reply<std::vector<Target>> targets = TargetsOf(
      "host=a,b port=7 target_session_attrs=any tcp_user_timeout=1000 client_encoding=LATIN1 dbname=roll");
  REQUIRE(targets.ok());
  REQUIRE(targets->size() == 2);
  CHECK(ValueOf((*targets)[1], "port") == "7");
  CHECK(ValueOf((*targets)[0], "target_session_attrs") == "any");
  CHECK(ValueOf((*targets)[0], "tcp_user_timeout") == "1000");
  CHECK(ValueOf((*targets)[0], "client_encoding") == "UTF8");
}

TEST_CASE("a URL without a host leaves the host to libpq") {
  const Reply<std::vector<Target>> targets = TargetsOf("postgresql:///roll");
  REQUIRE(targets.ok());
  REQUIRE(targets->size() == 1);
  CHECK(ValueOf(targets->front(), "host") == "(unset)");
}

TEST_CASE("a text that is no URL is refused, and the message does not contain its password") {
  for (const char* url : {"postgresql://me:secret@[::1/roll", "postgresql://me:secret%zz@host/roll",
                          "nonsense", "postgresql://me:secret@a,b,c:1,2/roll?port=1,2", "host=a nokeyword=1",
                          "postgresql://me:secret@host/roll?secretkey=1"}) {
    INFO(url);
    const Reply<std::vector<Target>> targets = TargetsOf(url);
    REQUIRE_FALSE(targets.ok());
    CHECK(targets.error().kind == FailureKind::kRefused);
    CHECK(targets.error().detail.find("secret") == std::string::npos);
  }
}

}  // namespace
}  // namespace muster::postgres
