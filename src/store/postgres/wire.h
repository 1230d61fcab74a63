// The binary form of values on the way to the server and back. One struct for each type that Muster uses: the
// C++ value, the number of the type, and how a value is appended. Pure functions of bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace muster::postgres::wire {

/// The numbers of the types are the same on every server (pg_type.dat).
using TypeId = unsigned int;

struct Int64 {  // int8, BIGINT
  using Value = std::int64_t;
  static constexpr TypeId kId = 20;
  static constexpr TypeId kArrayId = 1016;
  static void Append(std::string& bytes, Value value);
};
struct Int32 {  // int4, INTEGER
  using Value = std::int32_t;
  static constexpr TypeId kId = 23;
  static constexpr TypeId kArrayId = 1007;
  static void Append(std::string& bytes, Value value);
};
struct Bool {
  using Value = bool;
  static constexpr TypeId kId = 16;
  static constexpr TypeId kArrayId = 1000;
  static void Append(std::string& bytes, Value value);
};
/// Valid UTF-8 without U+0000, which PostgreSQL's text cannot hold.
struct Text {
  using Value = std::string_view;
  static constexpr TypeId kId = 25;
  static constexpr TypeId kArrayId = 1009;
  static void Append(std::string& bytes, Value value);
};
struct Bytes {  // bytea
  using Value = std::string_view;
  static constexpr TypeId kId = 17;
  static void Append(std::string& bytes, Value value);
};
/// TIMESTAMPTZ: exact microseconds; a finer time is truncated towards the past.
struct Time {
  using Value = absl::Time;
  static constexpr TypeId kId = 1184;
  static constexpr TypeId kArrayId = 1185;
  static void Append(std::string& bytes, Value value);
};
/// JSONB, given as JSON text.
struct Json {
  using Value = std::string_view;
  static constexpr TypeId kId = 3802;
  static constexpr TypeId kArrayId = 3807;
  static void Append(std::string& bytes, Value value);
};

/// Big-endian, like everything here.
void AppendInt32(std::string& bytes, std::int32_t value);
void AppendInt64(std::string& bytes, std::int64_t value);
void WriteInt32(char* at, std::int32_t value);
std::int32_t ReadInt32(const char* at);
std::int64_t ReadInt64(const char* at);

absl::Time TimeOf(std::int64_t wire_micros);

}  // namespace muster::postgres::wire
