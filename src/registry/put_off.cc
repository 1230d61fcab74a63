#include "registry/put_off.h"

#include <cstddef>

namespace muster {
namespace {

constexpr absl::Duration kMaxPutOff = absl::Seconds(10);
constexpr absl::Duration kMayBeADaemon = absl::Seconds(1);

}  // namespace

bool ShouldPutOff(const BatchKeys& keys, const WriteTx& tx, absl::Duration waited) {
  if (waited >= kMaxPutOff) return false;
  std::size_t held = 0;
  bool just_now = false;
  for (const std::string_view id : keys.ids) {
    const absl::Duration held_for = tx.HeldFor(id);
    if (held_for <= absl::ZeroDuration()) continue;
    ++held;
    just_now = just_now || held_for < kMayBeADaemon;
  }
  return held > 0 && (held == keys.ids.size() || just_now);
}

}  // namespace muster
