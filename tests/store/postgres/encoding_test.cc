// Text of clients is UTF-8. Nothing else is put into the database, and it never has to fit into another
// encoding.
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/scratch.h"
#include "store/postgres/shared_registry.h"
#include "store/test_runtime.h"
#include "tests/catch.h"

namespace muster::testing {
namespace {

constexpr postgres::Sql kClientEncoding = {"client_encoding", "SHOW client_encoding"};

// A database with the given encoding, for one test.
class Encoded {
 public:
  explicit Encoded(const std::string& encoding)
      : name_(absl::StrCat(schema_.name(), "_", absl::AsciiStrToLower(encoding))) {
    Execute(absl::StrCat("CREATE DATABASE ", name_, " ENCODING '", encoding,
                         "' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"));
  }
  ~Encoded() { Execute(absl::StrCat("DROP DATABASE ", name_)); }

  std::string url() const {
    const std::string server = PostgresUrl();
    return absl::StrCat(server.substr(0, server.rfind('/') + 1), name_);
  }

 private:
  void Execute(const std::string& script) {
    const postgres::Reply<Nothing> done = server_.Execute(script, kPatience);
    INFO((done.ok() ? "" : done.error().detail));
    REQUIRE(done.ok());
  }

  ScratchSchema schema_;  // for its unique name
  postgres::Connection server_ = schema_.Connect();
  const std::string name_;
};

TEST_CASE("a database in another encoding than UTF-8 is refused, and the message says what to do") {
  const Encoded latin1("LATIN1");
  const absl::StatusOr<std::unique_ptr<Store>> opened = OpenPostgresStore(latin1.url(), {}, TestRuntime());
  INFO(opened.status());
  CHECK(opened.status().code() == absl::StatusCode::kFailedPrecondition);
  CHECK(absl::StrContains(opened.status().message(), "LATIN1"));
  CHECK(absl::StrContains(opened.status().message(), "createdb --encoding=UTF8"));

  const Encoded utf8("UTF8");
  CHECK(OpenPostgresStore(utf8.url(), {}, TestRuntime()).ok());
}

TEST_CASE("a refused value is not reported as a database that is away") {
  SharedRegistry registry;
  registry.Register({"a"});
  registry.Execute("ALTER TABLE workers ADD CHECK (region <> 'bad')");
  const auto change = [&](const std::string& region) {
    WriteTx& tx = registry[0].BeginBatch({{"a", "b"}, /*only_heartbeats=*/false});
    const WorkerView view = tx.Find("a")->value();
    Worker worker = *view.worker;
    worker.config.region = region;
    worker.revision = tx.NextRevision();
    tx.Update(view, std::move(worker));
    const CommitResult result = registry[0].Commit(registry.listening());
    if (!result.committed()) registry[0].Rollback();
    return result;
  };
  const CommitResult refused = change("bad");
  CHECK(refused.refused());
  CHECK_FALSE(absl::StrContains(refused.reason, "workers"));  // no SQL, no names of tables
  CHECK(change("good").committed());
  CHECK(registry[0].Reader().Find("a")->value().worker->config.region == "good");
}

TEST_CASE("client and server talk in UTF-8, whatever the URL or the environment says") {
  const ScratchSchema schema;
  const RealClock clock;
  postgres::Reply<postgres::Connection> connection =
      postgres::Connection::Open(schema.url() + "&client_encoding=LATIN1", clock, kPatience);
  REQUIRE(connection.ok());
  CHECK(connection->Run(kClientEncoding, {}, kPatience)->Text(0, 0) == "UTF8");
}

}  // namespace
}  // namespace muster::testing
