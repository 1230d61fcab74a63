#include "store/postgres/connection.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "store/postgres/scratch.h"
#include "tests/catch.h"

namespace muster::postgres {
namespace {

using testing::kPatience;
using testing::ScratchSchema;

constexpr Sql kInsert = {"insert", "INSERT INTO numbers VALUES ($1)"};
constexpr Sql kCount = {"count", "SELECT count(*) FROM numbers"};
constexpr Sql kSleepLong = {"sleep_long", "SELECT 1 FROM (SELECT pg_sleep(120)) AS slept"};
constexpr Sql kSetting = {"setting", "SELECT current_setting($1)"};
constexpr Sql kEndMyself = {"end_myself", "SELECT pg_terminate_backend(pg_backend_pid())"};

Parameters Number(std::int64_t number) {
  Parameters parameters;
  parameters.Int64(number);
  return parameters;
}

// A schema with a table of distinct numbers, and a connection to it.
struct Numbers {
  Numbers() {
    REQUIRE(
        connection.Execute("CREATE TABLE numbers (n BIGINT CONSTRAINT distinct_n UNIQUE)", kPatience).ok());
  }

  std::int64_t Count() { return CountBy(connection); }
  static std::int64_t CountBy(Connection& by) {
    const Reply<Rows> rows = by.Run(kCount, {}, kPatience);
    INFO((rows.ok() ? "" : rows.error().detail));
    REQUIRE(rows.ok());
    return rows->Int64(0, 0);
  }

  RealClock clock;
  ScratchSchema schema;
  Connection connection = schema.Connect();
};

// BEGIN, these numbers, COMMIT.
Pipeline Transaction(const std::vector<std::int64_t>& numbers) {
  Pipeline pipeline;
  pipeline.Add(kBegin);
  for (const std::int64_t number : numbers) pipeline.Add(kInsert, Number(number));
  pipeline.Add(kCommit);
  return pipeline;
}

TEST_CASE("a pipeline answers for each statement, in order") {
  Numbers numbers;
  Pipeline pipeline;
  pipeline.Add(kBegin);
  const std::size_t first = pipeline.Add(kInsert, Number(1));
  pipeline.Add(kInsert, Number(2));
  const std::size_t counted = pipeline.Add(kCount);
  pipeline.Add(kCommit);
  for (int again = 0; again < 2; ++again) {  // the first time it is prepared, the second time it is known
    const Reply<std::vector<Rows>> answers = numbers.connection.Run(pipeline, kPatience);
    REQUIRE(answers.ok());
    REQUIRE(answers->size() == 5);
    CHECK((*answers)[first].affected() == 1);
    CHECK((*answers)[counted].Int64(0, 0) == 2);
    REQUIRE(numbers.connection.Execute("DELETE FROM numbers", kPatience).ok());
  }
  CHECK(numbers.connection.Run(Pipeline(), kPatience)->empty());
}

TEST_CASE("statements and answers larger than the buffers of the network go through") {
  Numbers numbers;
  static constexpr Sql kEcho = {"echo_text", "SELECT $1::text"};
  const std::string large(40'000'000, 'x');
  Pipeline pipeline;
  for (int i = 0; i < 2; ++i) pipeline.Add(kEcho, std::move(Parameters().Text(large)));
  const Reply<std::vector<Rows>> answers = numbers.connection.Run(pipeline, kPatience);
  REQUIRE(answers.ok());
  for (const Rows& rows : *answers) CHECK((rows.Text(0, 0) == large));
}

TEST_CASE(
    "after an error nothing of the transaction happened, and the connection is ready for the next one") {
  Numbers numbers;
  const Reply<std::vector<Rows>> refused = numbers.connection.Run(Transaction({1, 2, 1, 3}), kPatience);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == FailureKind::kBadValue);
  CHECK(refused.error().sqlstate == "23505");
  CHECK(refused.error().statement == "insert");
  CHECK_FALSE(refused.error().in_doubt);
  CHECK_FALSE(numbers.connection.broken());
  CHECK_FALSE(numbers.connection.in_transaction());
  CHECK(numbers.Count() == 0);
  CHECK(numbers.connection.Run(Transaction({1, 2}), kPatience).ok());
  CHECK(numbers.Count() == 2);
}

TEST_CASE("statements without BEGIN are one transaction too") {
  Numbers numbers;
  Pipeline pipeline;
  pipeline.Add(kInsert, Number(1));
  pipeline.Add(kInsert, Number(1));
  CHECK_FALSE(numbers.connection.Run(pipeline, kPatience).ok());
  CHECK(numbers.Count() == 0);
}

TEST_CASE("a transaction may go on over several runs, and a failure rolls all of it back") {
  Numbers numbers;
  Pipeline opening;
  opening.Add(kBegin);
  opening.Add(kInsert, Number(1));
  REQUIRE(numbers.connection.Run(opening, kPatience).ok());
  CHECK(numbers.connection.in_transaction());
  SECTION("committed") {
    REQUIRE(numbers.connection.Run(kCommit, {}, kPatience).ok());
    CHECK(numbers.Count() == 1);
  }
  SECTION("failed") {
    CHECK_FALSE(numbers.connection.Run(kInsert, Number(1), kPatience).ok());
    CHECK(numbers.Count() == 0);
  }
  CHECK_FALSE(numbers.connection.in_transaction());
}

TEST_CASE("a statement that is wrong is refused, and can be tried again") {
  static constexpr Sql kWrong = {"wrong", "SELECT nonsense FROM nowhere"};
  Numbers numbers;
  Pipeline pipeline;
  pipeline.Add(kCount);
  pipeline.Add(kWrong);
  pipeline.Add(kInsert, Number(1));
  for (int again = 0; again < 2; ++again) {
    const Reply<std::vector<Rows>> refused = numbers.connection.Run(pipeline, kPatience);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().sqlstate == "42P01");
    CHECK(absl::StrContains(refused.error().detail, "wrong"));
  }
  CHECK(numbers.connection.Run(Transaction({1}), kPatience).ok());
}

TEST_CASE("a conflict is reported as a conflict") {
  Numbers numbers;
  Connection other = numbers.schema.Connect();
  REQUIRE(numbers.connection.Run(Transaction({1}), kPatience).ok());
  const char* const kMine = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM numbers";
  REQUIRE(numbers.connection.Execute(kMine, kPatience).ok());
  REQUIRE(other.Execute("UPDATE numbers SET n = 2", kPatience).ok());
  const Reply<Nothing> mine = numbers.connection.Execute("UPDATE numbers SET n = 3", kPatience);
  REQUIRE_FALSE(mine.ok());
  CHECK(mine.error().kind == FailureKind::kConflict);
  CHECK(numbers.Count() == 1);
}

TEST_CASE("a session is in UTC and UTF-8, durable, and has its application name") {
  Numbers numbers;
  REQUIRE(numbers.connection
              .Execute(absl::StrCat("CREATE ROLE ", numbers.schema.name(), " LOGIN SUPERUSER; ALTER ROLE ",
                                    numbers.schema.name(), " SET synchronous_commit = off; ALTER ROLE ",
                                    numbers.schema.name(), " SET timezone = 'Asia/Tokyo'"),
                       kPatience)
              .ok());
  {
    const std::string url = absl::StrCat(numbers.schema.url(), "&user=", numbers.schema.name());
    Reply<Connection> connection = Connection::Open(url, numbers.clock, kPatience);
    REQUIRE(connection.ok());
    for (const auto& [setting, value] :
         {std::pair("TimeZone", "UTC"), std::pair("client_encoding", "UTF8"),
          std::pair("synchronous_commit", "on"), std::pair("application_name", "musterd"),
          std::pair("client_connection_check_interval", "2s")}) {
      INFO(setting);
      const Reply<Rows> rows = connection->Run(kSetting, std::move(Parameters().Text(setting)), kPatience);
      REQUIRE(rows.ok());
      CHECK(rows->Text(0, 0) == value);
    }
  }
  CHECK(numbers.connection.Execute(absl::StrCat("DROP ROLE ", numbers.schema.name()), kPatience).ok());
}

TEST_CASE("a connection that the server ended is away, and a new one works") {
  Numbers numbers;
  Connection other = numbers.schema.Connect();
  SECTION("while it was idle") {
    testing::Terminate(other, numbers.connection.backend_pid());
    SECTION("found by a look") {
      CHECK_FALSE(numbers.connection.StillThere());
    }
    SECTION("found by use") {
      const Reply<std::vector<Rows>> lost = numbers.connection.Run(Transaction({1}), kPatience);
      REQUIRE_FALSE(lost.ok());
      CHECK(lost.error().kind == FailureKind::kAway);
    }
  }
  SECTION("in the middle of a transaction") {
    Pipeline pipeline;
    pipeline.Add(kBegin);
    pipeline.Add(kInsert, Number(1));
    pipeline.Add(kEndMyself);
    pipeline.Add(kCommit);
    const Reply<std::vector<Rows>> lost = numbers.connection.Run(pipeline, kPatience);
    REQUIRE_FALSE(lost.ok());
    CHECK(lost.error().kind == FailureKind::kAway);
    CHECK(lost.error().sqlstate == "57P01");
    CHECK_FALSE(lost.error().in_doubt);  // the server reported that it stopped before the COMMIT
  }
  CHECK(numbers.connection.broken());
  CHECK_FALSE(numbers.connection.Run(kCount, {}, kPatience).ok());
  CHECK(Numbers::CountBy(other) == 0);
}

TEST_CASE("a commit without an answer of the server is in doubt") {
  Numbers numbers;
  REQUIRE(
      numbers.connection
          .Execute("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
                   " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';"
                   "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON numbers DEFERRABLE INITIALLY DEFERRED"
                   " FOR EACH ROW EXECUTE FUNCTION slow()",
                   kPatience)
          .ok());
  const Reply<std::vector<Rows>> lost = numbers.connection.Run(Transaction({1}), kPatience);
  REQUIRE_FALSE(lost.ok());
  CHECK(lost.error().kind == FailureKind::kAway);
  CHECK(lost.error().in_doubt);
  CHECK(numbers.connection.broken());
}

TEST_CASE("a wait ends at its timeout, and the connection is not used again") {
  Numbers numbers;
  const absl::Duration started = numbers.clock.MonotonicNow();
  const Reply<Rows> late = numbers.connection.Run(kSleepLong, {}, absl::Milliseconds(200));
  const absl::Duration took = numbers.clock.MonotonicNow() - started;
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().kind == FailureKind::kAway);
  CHECK(late.error().in_doubt);
  CHECK(absl::StrContains(late.error().detail, "200ms"));
  CHECK(took >= absl::Milliseconds(200));
  CHECK(took < absl::Seconds(60));
  CHECK(numbers.connection.broken());
}

// Accepts connections, and never answers.
class SilentServer {
 public:
  SilentServer() {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(socket_, 5) == 0);
    REQUIRE(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    host_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  ~SilentServer() { close(socket_); }

  const std::string& host() const { return host_; }

 private:
  int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string host_;
};

TEST_CASE("an attempt to connect ends in time, also if the host does not answer") {
  const RealClock clock;
  const SilentServer silent;
  const absl::Duration started = clock.MonotonicNow();
  const Reply<Connection> nobody =
      Connection::Open(absl::StrCat("postgresql://u@", silent.host(), "/d"), clock, absl::Milliseconds(300));
  REQUIRE_FALSE(nobody.ok());
  CHECK(nobody.error().kind == FailureKind::kAway);
  CHECK_FALSE(nobody.error().in_doubt);
  CHECK(absl::StrContains(nobody.error().detail, silent.host()));
  CHECK(clock.MonotonicNow() - started < absl::Seconds(60));  // without an end it would wait for ever
}

TEST_CASE("of several hosts the one that answers is taken, even if the others do not answer") {
  Numbers numbers;
  const SilentServer silent;
  // No program listens on port 1 of this machine.
  const std::string others = absl::StrCat("@", silent.host(), ",127.0.0.1:1,127.0.0.1:");
  const std::string url = absl::StrReplaceAll(numbers.schema.url(), {{"@127.0.0.1:", others}});
  Reply<Connection> connection = Connection::Open(url, numbers.clock, absl::Seconds(3));
  INFO((connection.ok() ? "" : connection.error().detail));
  REQUIRE(connection.ok());
  CHECK(Numbers::CountBy(*connection) == 0);
}

TEST_CASE("a read-only server is refused") {
  Numbers numbers;
  const std::string url = absl::StrCat(numbers.schema.url(), "%20-cdefault_transaction_read_only%3Don");
  const Reply<Connection> standby = Connection::Open(url, numbers.clock, kPatience);
  REQUIRE_FALSE(standby.ok());
  CHECK(standby.error().kind == FailureKind::kAway);
}

TEST_CASE("a connection to a server that becomes read-only is closed") {
  Numbers numbers;
  REQUIRE(numbers.connection.Execute("SET default_transaction_read_only = on", kPatience).ok());
  const Reply<std::vector<Rows>> refused = numbers.connection.Run(Transaction({1}), kPatience);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == FailureKind::kAway);
  CHECK(numbers.connection.broken());
}

}  // namespace
}  // namespace muster::postgres
