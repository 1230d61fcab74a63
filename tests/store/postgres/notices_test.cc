// libpq prints the notices of the server to standard error, unless the program takes them.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/match.h"
#include "runtime/log.h"
#include "store/postgres/connection.h"
#include "store/postgres/scratch.h"
#include "store/temp_directory.h"
#include "tests/catch.h"

namespace muster::postgres {
namespace {

using testing::kPatience;

// What `act` prints to standard error.
template <typename Act>
std::string Printed(Act act) {
  const testing::TempDirectory directory;
  const std::string path = directory / "stderr";
  const int file = open(path.c_str(), O_CREAT | O_RDWR, 0600);
  const int before = dup(STDERR_FILENO);
  REQUIRE(file >= 0);
  REQUIRE(before >= 0);
  REQUIRE(FlushLog(absl::Minutes(1)));
  dup2(file, STDERR_FILENO);
  act();
  REQUIRE(FlushLog(absl::Minutes(1)));
  dup2(before, STDERR_FILENO);
  close(before);
  close(file);
  std::ifstream written(path);
  return {std::istreambuf_iterator<char>(written), {}};
}

TEST_CASE("notices of the server go to the log, at debug, and nowhere else") {
  const testing::ScratchSchema schema;
  const auto converse = [&] {
    Connection connection = schema.Connect();
    Connection other = schema.Connect();
    CHECK(connection.Execute("DO 'BEGIN RAISE WARNING ''mind the gap''; END'", kPatience).ok());
    testing::Terminate(other, connection.backend_pid());
    CHECK_FALSE(connection.StillThere());
  };
  CHECK(Printed(converse).empty());

  const std::string logged = Printed([&] {
    ConfigureLog(LogFormat::kText, LogLevel::kDebug);
    converse();
    ConfigureLog(LogFormat::kText, LogLevel::kInfo);
  });
  CHECK(absl::StrContains(logged, "DEBUG"));
  CHECK(absl::StrContains(logged, "mind the gap"));
  CHECK(absl::StrContains(logged, "terminating connection"));
}

}  // namespace
}  // namespace muster::postgres
