// Hash maps from worker ids that are asked with a view: the distribution's older Abseil does that for its own
// views only. The ids come from clients, so the hash is one that differs from process to process.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace muster::postgres {

struct IdHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view id) const {
    return absl::Hash<absl::string_view>()(absl::string_view(id.data(), id.size()));
  }
};

template <typename T>
using ById = absl::flat_hash_map<std::string, T, IdHash, std::equal_to<>>;
using IdSet = absl::flat_hash_set<std::string, IdHash, std::equal_to<>>;

}  // namespace muster::postgres
