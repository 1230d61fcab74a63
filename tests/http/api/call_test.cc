// A request is answered only once.
#include "http/api/call.h"

#include "tests/catch.h"
#include "tests/death.h"

namespace muster::http {
namespace {

TEST_CASE("A request that was answered cannot be answered again") {
  int answers = 0;
  Call call(Request(), Answer([&answers](const Response&) { ++answers; }));
  call.Reply({{"a", 1}});
  CHECK(answers == 1);
  testing::CheckDies([&call] { call.Refuse(WorkerNotFound{"w"}); }, "a request is answered once");
}

}  // namespace
}  // namespace muster::http
