#include "store/postgres/wire.h"

#include <limits>

namespace muster::postgres::wire {
namespace {

constexpr std::int64_t kEpoch = 946'684'800'000'000;  // 2000-01-01 UTC, in microseconds since 1970
constexpr std::int64_t kInfinity = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMinusInfinity = std::numeric_limits<std::int64_t>::min();
constexpr char kJsonbVersion = 1;

template <typename Unsigned>
void AppendBigEndian(std::string& bytes, Unsigned value) {
  for (int shift = 8 * (static_cast<int>(sizeof value) - 1); shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((value >> shift) & 0xff));
  }
}

template <typename Unsigned>
Unsigned ReadBigEndian(const char* at) {
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value = static_cast<Unsigned>(value << 8 | static_cast<unsigned char>(at[i]));
  }
  return value;
}

std::int64_t MicrosOf(absl::Time time) {
  if (time == absl::InfiniteFuture()) return kInfinity;
  if (time == absl::InfinitePast()) return kMinusInfinity;
  return absl::ToUnixMicros(time) - kEpoch;
}

}  // namespace

void AppendInt32(std::string& bytes, std::int32_t value) {
  AppendBigEndian(bytes, static_cast<std::uint32_t>(value));
}
void AppendInt64(std::string& bytes, std::int64_t value) {
  AppendBigEndian(bytes, static_cast<std::uint64_t>(value));
}
void WriteInt32(char* at, std::int32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<char>(static_cast<std::uint32_t>(value) >> (24 - 8 * i));
}
std::int32_t ReadInt32(const char* at) {
  return static_cast<std::int32_t>(ReadBigEndian<std::uint32_t>(at));
}
std::int64_t ReadInt64(const char* at) {
  return static_cast<std::int64_t>(ReadBigEndian<std::uint64_t>(at));
}

absl::Time TimeOf(std::int64_t wire_micros) {
  if (wire_micros == kInfinity) return absl::InfiniteFuture();
  if (wire_micros == kMinusInfinity) return absl::InfinitePast();
  return absl::FromUnixMicros(wire_micros + kEpoch);
}

void Int64::Append(std::string& bytes, Value value) {
  AppendInt64(bytes, value);
}
void Int32::Append(std::string& bytes, Value value) {
  AppendInt32(bytes, value);
}
void Bool::Append(std::string& bytes, Value value) {
  bytes.push_back(value ? 1 : 0);
}
void Text::Append(std::string& bytes, Value value) {
  bytes.append(value);
}
void Bytes::Append(std::string& bytes, Value value) {
  bytes.append(value);
}
void Time::Append(std::string& bytes, Value value) {
  AppendInt64(bytes, MicrosOf(value));
}
void Json::Append(std::string& bytes, Value value) {
  bytes.push_back(kJsonbVersion);
  bytes.append(value);
}

}  // namespace muster::postgres::wire
