// The roll in memory only: to try things out, for tests, and to measure what durability costs. It forgets
// everything when it ends.
#pragma once

#include <memory>

#include "store/store.h"

namespace muster {

std::unique_ptr<Store> NewMemoryStore(const StoreOptions& options, Random& random);

}  // namespace muster
