// How large a worker is in an answer. Pure.
#pragma once

#include <cstdint>

#include "muster/worker.h"

namespace muster {

/// About how many bytes a worker takes in an answer, over gRPC or HTTP. Costs by the entries of its lists.
std::int64_t WorkerBytes(const Worker& worker);

}  // namespace muster
