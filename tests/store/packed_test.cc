// What is packed into blobs comes out the same. Damaged bytes are reported, and never crash.
#include "store/sqlite/packed.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "catch.h"

namespace muster::sqlite {
namespace {

std::string Pack(const std::vector<JournaledBeat>& beats) {
  JournalEncoder encoder;
  encoder.Start(beats.size());
  for (const JournaledBeat& beat : beats) encoder.Add(beat.key, beat.in_use);
  return encoder.bytes();
}

// Nothing if the bytes are damaged.
std::optional<std::vector<JournaledBeat>> Unpack(const std::string& bytes) {
  std::vector<JournaledBeat> beats;
  JournalDecoder decoder(bytes);
  JournaledBeat beat;
  while (decoder.Next(beat)) beats.push_back(beat);
  if (decoder.damaged()) return std::nullopt;
  return beats;
}

bool Same(const std::vector<JournaledBeat>& a, const std::vector<JournaledBeat>& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(),
      [](const JournaledBeat& x, const JournaledBeat& y) { return x.key == y.key && x.in_use == y.in_use; });
}

TEST_CASE("a row of the journal comes out as it went in") {
  const std::vector<std::vector<JournaledBeat>> rows = {
      {},
      {{1, std::nullopt}},
      {{7, 0}, {7, std::nullopt}, {7, 3}},
      {{1'000'000, -1},
       {3, std::numeric_limits<std::int32_t>::max()},
       {2, std::numeric_limits<std::int32_t>::min()}},
      {{std::int64_t{1} << 60, 5}, {1, std::nullopt}},
  };
  for (const std::vector<JournaledBeat>& row : rows) {
    const auto unpacked = Unpack(Pack(row));
    REQUIRE(unpacked.has_value());
    CHECK(Same(*unpacked, row));
  }
}

TEST_CASE("heartbeats in the order of keys take two bytes each") {
  std::vector<JournaledBeat> row;
  for (std::int64_t key = 500'000; key < 501'000; ++key) row.push_back({key, 3});
  CHECK(Pack(row).size() < 2'010);
}

TEST_CASE("a row that was cut or lengthened, or has another format, is damaged") {
  const std::string packed = Pack({{5, 1}, {900, std::nullopt}, {70'000, 12}});
  for (std::size_t size = 0; size < packed.size(); ++size) CHECK_FALSE(Unpack(packed.substr(0, size)));
  CHECK_FALSE(Unpack(packed + "x"));
  CHECK_FALSE(Unpack("\x02" + packed.substr(1)));
  CHECK_FALSE(Unpack(std::string("\x01\xff\xff\xff\xff\x0f", 6)));  // claims to have billions
}

TEST_CASE("any bytes at all are unpacked or refused") {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (!bytes.empty() && round % 2 == 0) bytes[0] = 1;
    (void)Unpack(bytes);
    (void)UnpackHistory(static_cast<std::int64_t>(random()), bytes);
    (void)PrependHistory(std::vector<std::int64_t>{5, 3}, -7, bytes, 100);
  }
  SUCCEED();
}

TEST_CASE("a history grows in front and is cut at the end") {
  std::mt19937 random(5);
  for (const int most : {1, 2, 5, 100}) {
    std::vector<std::int64_t> expected;  // newest first
    std::int64_t last = 0;
    std::string packed;
    std::int64_t now = 1'800'000'000'000'000;
    for (int round = 0; round < 60; ++round) {
      std::vector<std::int64_t> newer;
      const std::size_t count = 1 + random() % 7;
      while (newer.size() < count) {
        now += static_cast<std::int64_t>(random() % 200'000'000) - 1'000'000;  // the wall clock may step back
        newer.insert(newer.begin(), now);
      }
      packed = expected.empty() ? PackHistory(newer, most) : PrependHistory(newer, last, packed, most);
      last = newer.front();
      expected.insert(expected.begin(), newer.begin(), newer.end());
      if (std::cmp_greater(expected.size(), most)) expected.resize(static_cast<std::size_t>(most));
      REQUIRE(UnpackHistory(last, packed) == expected);
    }
  }
}

}  // namespace
}  // namespace muster::sqlite
