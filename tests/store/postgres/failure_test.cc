#include "store/postgres/failure.h"

#include "tests/catch.h"

namespace muster::postgres {
namespace {

TEST_CASE("the kind of a failure says what to do about it") {
  for (const char* away : {"", "08006", "57P01", "57P02", "57P03", "53300", "25006", "57014"}) {
    INFO(away);
    CHECK(KindOf(away) == FailureKind::kAway);
  }
  for (const char* conflict : {"40001", "40P01", "55P03"}) CHECK(KindOf(conflict) == FailureKind::kConflict);
  for (const char* bad : {"23505", "22001", "22021", "22P05"}) CHECK(KindOf(bad) == FailureKind::kBadValue);
  for (const char* refused : {"42P01", "42501", "53100", "22012"}) {
    CHECK(KindOf(refused) == FailureKind::kRefused);
  }
  // A standby keeps the connection open, and will never write.
  CHECK(EndsConnection("25006"));
  CHECK_FALSE(EndsConnection("23505"));
  CHECK_FALSE(EndsConnection("40001"));
}

TEST_CASE("callers get the reason, and no details of the inside") {
  for (const FailureKind kind :
       {FailureKind::kAway, FailureKind::kConflict, FailureKind::kBadValue, FailureKind::kRefused}) {
    for (const bool in_doubt : {false, true}) {
      const Failure failure = {kind,     "XX000", "upsert_workers", "INSERT INTO workers at db.internal:5432",
                               in_doubt, false};
      const StoreUnavailable error = WhyUnavailable(failure);
      const std::string& told = error.reason;
      CHECK_FALSE(told.empty());
      for (const char* inside : {"INSERT", "db.internal", "upsert_workers", "XX000"}) {
        CHECK(told.find(inside) == std::string::npos);
      }
      CHECK(error.in_doubt == (in_doubt && kind == FailureKind::kAway));
    }
  }
  CHECK(WhyUnavailable({FailureKind::kRefused, "53100", "", "", false, false}).reason ==
        "the disk of the store is full");
}

}  // namespace
}  // namespace muster::postgres
