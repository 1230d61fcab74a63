// What a batch of commands is going to ask the store for.
#pragma once

#include <string_view>
#include <vector>

namespace muster {

/// Gathered from the commands of a batch before the first one decides, so that a store that is far away can
/// fetch all of it at once, and one in memory can have it at hand. A plain value; the ids live as long as the
/// commands.
struct BatchKeys {
  std::vector<std::string_view> ids;  // in any order, may repeat, need not be valid
  /// Nothing but heartbeats: no command looks at a pulse or at other workers than those of `ids`.
  bool only_heartbeats = true;
};

}  // namespace muster
