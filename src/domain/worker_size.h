// How large a worker is in an answer. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "muster/worker.h"

namespace muster {

/// About how many bytes a worker takes in an answer, over gRPC or HTTP. The cost grows with its lists.
inline std::int64_t WorkerBytes(const Worker& worker) {
  constexpr std::size_t kFixedBytes = 400;  // times, numbers and the names of fields
  constexpr std::size_t kBytesOfEntry = 6;  // quotes, separators, tags
  std::size_t bytes = kFixedBytes + worker.id.size() + worker.config.region.size() +
                      worker.instance_id.size() + worker.status_reason.size() + worker.registered_from.size();
  for (const std::string& capability : worker.config.capabilities) bytes += capability.size() + kBytesOfEntry;
  for (const auto& [key, value] : worker.config.metadata) bytes += key.size() + value.size() + kBytesOfEntry;
  return static_cast<std::int64_t>(bytes);
}

}  // namespace muster
