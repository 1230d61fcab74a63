// The input of rpc_calls: records, one after the other.
//
//     kind       1 byte: the method (see rpc_calls.cc); with 0x40 the next record comes before anything is
//     carried out;
//                with 0x80 the bytes come in two pieces
//     length     2 bytes, the low one first; what is longer than the input ends with it
//     bytes      of the request
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::fuzz {

struct Record {
  std::uint8_t kind = 0;
  std::string bytes;
};

inline std::vector<Record> Split(std::string_view input) {
  std::vector<Record> records;
  while (input.size() >= 3) {
    const std::size_t low = static_cast<std::uint8_t>(input[1]);
    const std::size_t high = static_cast<std::uint8_t>(input[2]);
    const std::size_t length = high << 8 | low;
    const std::string_view bytes = input.substr(3, length);
    records.push_back({static_cast<std::uint8_t>(input[0]), std::string(bytes)});
    input.remove_prefix(3 + bytes.size());
  }
  return records;
}

inline std::string Join(const std::vector<Record>& records) {
  std::string input;
  for (const Record& record : records) {
    const std::size_t length = std::min<std::size_t>(record.bytes.size(), 0xFFFF);
    input += static_cast<char>(record.kind);
    input += static_cast<char>(length & 0xFF);
    input += static_cast<char>(length >> 8);
    input.append(record.bytes, 0, length);
  }
  return input;
}

}  // namespace muster::fuzz
