// Heartbeats as the database keeps them: packed into blobs.
//
// Integers take as few bytes as they need: seven bits a byte, the low ones first. Signed ones alternate
// around zero, so that small ones are short.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::sqlite {

// The journal. The heartbeats of one commit are one blob: a byte for the format, their number, then for each
// heartbeat the distance of its worker's key from the key before, a bit that says whether it says how much is
// in use, and that number. So a heartbeat takes a few bytes; one or two where a batch goes in the order of
// keys.

/// Packs heartbeats one by one. Reuse the encoder: it keeps its memory.
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

/// Unpacks. Whatever the bytes are, it comes to an end, and says if they are damaged.
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

// The history: the times of a worker's last heartbeats. The newest is in a column of its own. The blob has
// the distance of each to the one before it, newest first. So new ones go in front, and old ones are cut off,
// without unpacking.

/// Times in microseconds. `newer` (not empty) are newest first; `packed` is the blob that goes with the time
/// `last`. Keeps the newest `most` in all. Damaged bytes lose only what they held.
std::string PrependHistory(std::span<const std::int64_t> newer, std::int64_t last, std::string_view packed,
                           int most);

/// The same for a worker without history.
std::string PackHistory(std::span<const std::int64_t> times, int most);

/// Newest first; begins with `last`. Ends early where bytes are damaged.
std::vector<std::int64_t> UnpackHistory(std::int64_t last, std::string_view packed);

}  // namespace muster::sqlite
