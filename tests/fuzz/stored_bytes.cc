// Values as a database keeps them, whatever is in them: the journal of heartbeats, histories, capabilities,
// metadata.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/text.h"
#include "muster/check.h"
#include "store/sqlite/packed.h"
#include "store/worker_json.h"

namespace muster {
namespace {

using sqlite::JournalDecoder;
using sqlite::JournaledBeat;

struct Journal {
  std::vector<JournaledBeat> beats;
  bool damaged = false;
};

Journal Unpack(std::string_view bytes) {
  Journal journal;
  JournalDecoder decoder(bytes);
  for (JournaledBeat beat; decoder.Next(beat);) journal.beats.push_back(beat);
  journal.damaged = decoder.damaged();
  return journal;
}

void CheckJournal(std::string_view bytes) {
  const Journal journal = Unpack(bytes);
  MUSTER_CHECK(journal.beats.size() <= bytes.size(), "every heartbeat takes a byte at least");
  const bool whole_keys =
      std::all_of(journal.beats.begin(), journal.beats.end(), [](const JournaledBeat& beat) {
        return beat.key >= 0 && beat.key < std::int64_t{1} << 62;  // as stores give them
      });
  if (!whole_keys) return;
  sqlite::JournalEncoder encoder;
  encoder.Start(journal.beats.size());
  for (const JournaledBeat& beat : journal.beats) encoder.Add(beat.key, beat.in_use);
  const Journal again = Unpack(encoder.bytes());
  MUSTER_CHECK(!again.damaged && again.beats.size() == journal.beats.size(), "what is packed is unpacked");
  for (std::size_t i = 0; i < again.beats.size(); ++i) {
    MUSTER_CHECK(
        again.beats[i].key == journal.beats[i].key && again.beats[i].in_use == journal.beats[i].in_use,
        "what is unpacked is what was packed");
  }
}

void CheckHistory(std::string_view packed) {
  constexpr std::int64_t kLast = 1'700'000'000'000'000;
  constexpr int kMost = 5;
  constexpr std::array<std::int64_t, 2> kNewer = {kLast + 9'000'000, kLast + 4'000'000};
  const std::vector<std::int64_t> times = sqlite::UnpackHistory(kLast, packed);
  MUSTER_CHECK(times.front() == kLast && times.size() <= packed.size() + 1,
               "a history begins with the last time");
  std::vector<std::int64_t> expected(kNewer.begin(), kNewer.end());
  expected.insert(expected.end(), times.begin(), times.end());
  expected.resize(std::min<std::size_t>(expected.size(), kMost));
  const std::string joined = sqlite::PrependHistory(kNewer, kLast, packed, kMost);
  const std::vector<std::int64_t> found = sqlite::UnpackHistory(kNewer.front(), joined);
  MUSTER_CHECK(found == expected, "new heartbeats go in front of the history");
}

void CheckJson(std::string_view text) {
  if (const auto capabilities = ParseCapabilities(text))
    MUSTER_CHECK(ParseCapabilities(CapabilitiesJson(*capabilities)) == capabilities, "capabilities are kept");
  if (const auto metadata = ParseMetadata(text))
    MUSTER_CHECK(ParseMetadata(MetadataJson(*metadata)) == metadata, "metadata is kept");
}

}  // namespace
}  // namespace muster

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  muster::CheckJournal(bytes);
  muster::CheckHistory(bytes);
  muster::CheckJson(bytes);
  return 0;
}
