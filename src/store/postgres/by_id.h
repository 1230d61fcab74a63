// A hash map from worker ids that is asked with a view: the distribution's older Abseil does that for its own
// views only.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"

namespace muster::postgres {

struct IdHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view id) const { return std::hash<std::string_view>()(id); }
};

template <typename T>
using ById = absl::flat_hash_map<std::string, T, IdHash, std::equal_to<>>;

}  // namespace muster::postgres
