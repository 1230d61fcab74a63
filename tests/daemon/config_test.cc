// How a log shows a setting that contains a password.
#include "daemon/config.h"

#include "catch.h"

namespace muster::daemon {
namespace {

TEST_CASE("A password is never shown, in any part of the URL") {
  CHECK(WithoutPassword("postgresql://muster:secret@db/muster") == "postgresql://muster:***@db/muster");
  CHECK(WithoutPassword("postgresql://muster:s:e/c@r#t@db/x") == "postgresql://muster:***@db/x");
  CHECK(WithoutPassword("postgresql://muster:s%40@a:1,b:2/x?application_name=m") ==
        "postgresql://muster:***@a:1,b:2/x?application_name=m");
  CHECK(WithoutPassword("postgresql://db/x?user=m&password=secret&sslpassword=other&connect_timeout=3") ==
        "postgresql://db/x?user=m&password=***&sslpassword=***&connect_timeout=3");
  CHECK(WithoutPassword("postgresql://:secret@/x?host=/run") == "postgresql://:***@/x?host=/run");
}

TEST_CASE("A setting without a password stays as it is") {
  for (const char* store :
       {"memory:", "sqlite:muster.db", "sqlite:/a:b@c.db", "postgresql://db/muster",
        "postgresql://muster@db:5432/muster", "postgresql://[::1]:5432/muster?options=-c%20x=a@b",
        "postgresql:///muster?", "10s", ""}) {
    CHECK(WithoutPassword(store) == store);
  }
}

}  // namespace
}  // namespace muster::daemon
