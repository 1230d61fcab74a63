// The heartbeats of one commit, packed into one blob: a byte for the format, their number, then for each the
// distance of its worker's key from the one before, a bit whether it says how much is in use, and that
// number. A few bytes a heartbeat; one or two where a batch goes in the order of keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/sqlite/varint.h"

namespace muster::sqlite {

/// Packs heartbeats one by one. Reuse it: it keeps its memory.
class JournalEncoder {
 public:
  void Start(std::uint64_t heartbeats);
  void Add(std::int64_t key, const std::optional<std::int32_t>& in_use);
  /// Precondition: as many were added as announced.
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::int64_t last_key_ = 0;
};

struct JournaledBeat {
  std::int64_t key = 0;
  std::optional<std::int32_t> in_use;
};

/// Unpacks. Whatever the bytes are, it ends, and says if they are damaged.
class JournalDecoder {
 public:
  explicit JournalDecoder(std::string_view bytes);
  /// False at the end, or where the bytes are damaged.
  bool Next(JournaledBeat& beat);
  bool damaged() const { return damaged_; }

 private:
  bool Damaged();

  std::string_view rest_;
  std::uint64_t waiting_ = 0;
  std::uint64_t last_key_ = 0;
  bool damaged_ = false;
};

}  // namespace muster::sqlite
