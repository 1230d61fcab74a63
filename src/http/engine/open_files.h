// How many files this process may have open: each connection is one.
#pragma once

#include <cstddef>

namespace muster::http {

/// Raises the process's soft limit to `wanted` or as near as it may. Returns the limit.
std::size_t AllowOpenFiles(std::size_t wanted);

}  // namespace muster::http
