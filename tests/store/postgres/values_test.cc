// Values of every type that Muster stores come back from the server unchanged.
#include <limits>
#include <string>
#include <vector>

#include "store/postgres/parameters.h"
#include "store/postgres/rows.h"
#include "store/postgres/scratch.h"
#include "tests/catch.h"

namespace muster::postgres {
namespace {

using testing::kPatience;
using testing::ScratchSchema;

Rows Answer(Connection& connection, const Sql& sql, Parameters parameters = {}) {
  Reply<Rows> rows = connection.Run(sql, std::move(parameters), kPatience);
  INFO((rows.ok() ? "" : rows.error().detail));
  REQUIRE(rows.ok());
  return *std::move(rows);
}

const std::string kUnicode = "zażółć 東京 🚀 ' \" \\ {,} NULL \x01";

TEST_CASE("scalars come back unchanged, and the server understands them") {
  static constexpr Sql kEcho = {
      "echo",
      "SELECT $1::bigint, $2::integer, $3::boolean, $4::text, $5::bytea, $6::timestamptz,"
      " $7::jsonb, $4 || '', $6::text, $7->>'k', length($5)"};
  ScratchSchema schema;
  Connection connection = schema.Connect();
  const std::string bytes("\0\xff\x80 raw", 7);
  const absl::Time time = absl::FromUnixMicros(1'700'000'000'123'457);
  Parameters parameters;
  parameters.Int64(std::numeric_limits<std::int64_t>::min())
      .Int32(std::numeric_limits<std::int32_t>::max())
      .Bool(true)
      .Text(kUnicode)
      .Bytes(bytes)
      .Time(time)
      .Json(R"({"k": "ü"})");
  const Rows rows = Answer(connection, kEcho, std::move(parameters));
  REQUIRE(rows.size() == 1);
  CHECK(rows.Int64(0, 0) == std::numeric_limits<std::int64_t>::min());
  CHECK(rows.Int32(0, 1) == std::numeric_limits<std::int32_t>::max());
  CHECK(rows.Bool(0, 2));
  CHECK(rows.Text(0, 3) == kUnicode);
  CHECK(rows.Bytes(0, 4) == bytes);
  CHECK(rows.Time(0, 5) == time);
  CHECK(rows.Json(0, 6) == R"({"k": "ü"})");
  CHECK(rows.Text(0, 7) == kUnicode);
  CHECK(rows.Text(0, 8) == "2023-11-14 22:13:20.123457+00");  // in UTC, whatever the zone of the server
  CHECK(rows.Text(0, 9) == "ü");
  CHECK(rows.Int64(0, 10) == 7);  // an integer of four bytes, read as eight
  CHECK(Checked(rows, true).ok());
}

TEST_CASE("NULL is not the same as empty") {
  static constexpr Sql kEcho = {
      "echo_nulls",
      "SELECT $1::bigint, $2::integer, $3::boolean, $4::text, $5::bytea, $6::timestamptz,"
      " $7::jsonb, $8::text, $9::bytea"};
  ScratchSchema schema;
  Connection connection = schema.Connect();
  Parameters parameters;
  parameters.Int64({}).Int32({}).Bool({}).Text({}).Bytes({}).Time({}).Json({}).Text("").Bytes(
      std::string_view());
  const Rows rows = Answer(connection, kEcho, std::move(parameters));
  CHECK_FALSE(rows.OptionalInt64(0, 0).has_value());
  CHECK_FALSE(rows.OptionalInt32(0, 1).has_value());
  CHECK_FALSE(rows.OptionalTime(0, 5).has_value());
  CHECK(rows.Text(0, 7).empty());
  CHECK(rows.Bytes(0, 8).empty());
  for (int column = 0; column < 7; ++column) CHECK(rows.IsNull(0, column));
  CHECK(Checked(rows, true).ok());
}

TEST_CASE("times keep their microseconds, before 1970, before 2000 and without end") {
  static constexpr Sql kEcho = {"echo_time", "SELECT $1::timestamptz, $1::text"};
  ScratchSchema schema;
  Connection connection = schema.Connect();
  const auto check = [&](absl::Time sent, absl::Time came, std::string_view text) {
    const Rows rows = Answer(connection, kEcho, std::move(Parameters().Time(sent)));
    CHECK(rows.Time(0, 0) == came);
    CHECK(rows.Text(0, 1) == text);
  };
  const absl::Time old = absl::FromUnixMicros(-1);
  check(old, old, "1969-12-31 23:59:59.999999+00");
  const absl::Time nineties = absl::FromUnixMicros(946'684'799'999'999);
  check(nineties, nineties, "1999-12-31 23:59:59.999999+00");
  check(absl::FromUnixNanos(1'999), absl::FromUnixMicros(1), "1970-01-01 00:00:00.000001+00");
  check(absl::InfiniteFuture(), absl::InfiniteFuture(), "infinity");
  check(absl::InfinitePast(), absl::InfinitePast(), "-infinity");
}

TEST_CASE("rows go in as one array a column, NULLs among them") {
  static constexpr Sql kInsert = {"insert_rows",
                                  "INSERT INTO planted SELECT i, n, b, t, at, j, tags::text[]"
                                  " FROM unnest($1, $2, $3, $4, $5, $6, $7) AS r(i, n, b, t, at, j, tags)"};
  static constexpr Sql kRead = {"read_rows", "SELECT i, n, b, t, at, j, tags FROM planted ORDER BY i"};
  ScratchSchema schema;
  Connection connection = schema.Connect();
  REQUIRE(connection
              .Execute("CREATE TABLE planted (i BIGINT, n INTEGER, b BOOLEAN, t TEXT, at TIMESTAMPTZ,"
                       " j JSONB, tags TEXT[])",
                       kPatience)
              .ok());
  Int64Array i;
  Int32Array n;
  BoolArray b;
  TextArray t;
  TimeArray at;
  JsonArray j;
  TextArray tags;
  const std::vector<std::string> difficult = {"gpu", kUnicode, "", "NULL", "a,b"};
  const std::vector<std::string> none;
  i.Add(1), n.Add(-7), b.Add(false), t.Add(kUnicode);
  at.Add(absl::FromUnixMicros(42)), j.Add("[1]"), tags.Add(TextList(difficult));
  i.Add(2), n.AddNull(), b.AddNull(), t.AddNull(), at.AddNull(), j.AddNull(), tags.AddNull();
  i.Add(3), n.AddOptional({}), b.Add(true), t.Add(""), at.Add(absl::InfiniteFuture()), j.Add("null");
  tags.Add(TextList(none));
  Parameters parameters;
  parameters.Array(i).Array(n).Array(b).Array(t).Array(at).Array(j).Array(tags);
  CHECK(Answer(connection, kInsert, std::move(parameters)).affected() == 3);

  const Rows rows = Answer(connection, kRead);
  REQUIRE(rows.size() == 3);
  CHECK(rows.Int32(0, 1) == -7);
  CHECK_FALSE(rows.Bool(0, 2));
  CHECK(rows.Text(0, 3) == kUnicode);
  CHECK(rows.Time(0, 4) == absl::FromUnixMicros(42));
  CHECK(rows.Json(0, 5) == "[1]");
  CHECK(rows.TextArray(0, 6) == difficult);
  for (int column = 1; column < 7; ++column) CHECK(rows.IsNull(1, column));
  CHECK(rows.IsNull(2, 1));
  CHECK(rows.Text(2, 3).empty());
  CHECK(rows.Time(2, 4) == absl::InfiniteFuture());
  CHECK(rows.Json(2, 5) == "null");
  CHECK(rows.TextArray(2, 6).empty());
}

TEST_CASE("empty arrays work, and a TEXT[] is one parameter") {
  static constexpr Sql kCount = {
      "count_arrays",
      "SELECT cardinality($1::bigint[]), cardinality($2::text[]), $2,"
      " (SELECT count(*) FROM unnest($1)), count(*), max(x) FROM unnest($3::bigint[]) AS x"};
  ScratchSchema schema;
  Connection connection = schema.Connect();
  const std::vector<std::string> texts = {"a", ""};
  Int64Array numbers;
  for (std::int64_t number = 0; number < 10'000; ++number) numbers.Add(number);
  Parameters parameters;
  parameters.Array(Int64Array()).Texts(texts).Array(numbers);
  const Rows rows = Answer(connection, kCount, std::move(parameters));
  CHECK(rows.Int64(0, 0) == 0);
  CHECK(rows.Int64(0, 1) == 2);
  CHECK(rows.TextArray(0, 2) == texts);
  CHECK(rows.Int64(0, 3) == 0);
  CHECK(rows.Int64(0, 4) == 10'000);
  CHECK(rows.Int64(0, 5) == 9'999);
}

TEST_CASE("a value of another type than expected is an error, in every build, and never another value") {
  static constexpr Sql kMixed = {
      "mixed",
      "SELECT 7::numeric AS total, 1::bigint AS wide, true AS yes, 'x'::text AS name, "
      "NULL::bigint AS nothing, ARRAY[1, 2] AS numbers, ARRAY['a', NULL]::text[] AS holes"};
  ScratchSchema schema;
  Connection connection = schema.Connect();
  const auto fault = [&](auto read) {
    const Rows rows = Answer(connection, kMixed);
    read(rows);
    const Reply<bool> checked = Checked(rows, true);
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().kind == FailureKind::kRefused);
    return checked.error().detail;
  };
  CHECK(fault([](const Rows& rows) { CHECK(rows.Int64(0, 0) == 0); }).find("total") != std::string::npos);
  CHECK(fault([](const Rows& rows) { CHECK(rows.Int32(0, 1) == 0); }).find("wide") != std::string::npos);
  fault([](const Rows& rows) { CHECK(rows.Int64(0, 2) == 0); });
  fault([](const Rows& rows) { CHECK(rows.Time(0, 1) == wire::TimeOf(0)); });
  fault([](const Rows& rows) { CHECK_FALSE(rows.Bool(0, 3)); });
  fault([](const Rows& rows) { CHECK(rows.Json(0, 3).empty()); });
  fault([](const Rows& rows) { CHECK(rows.Int64(0, 4) == 0); });
  fault([](const Rows& rows) { CHECK(rows.Text(0, 1).empty()); });
  fault([](const Rows& rows) { CHECK(rows.TextArray(0, 5).empty()); });
  fault([](const Rows& rows) { CHECK(rows.TextArray(0, 6).empty()); });
  fault([](const Rows& rows) { rows.Reject(0, 3); });
}

}  // namespace
}  // namespace muster::postgres
