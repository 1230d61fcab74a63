#include "domain/worker_size.h"

namespace muster {
namespace {

// Times, numbers and the names of fields.
constexpr std::size_t kFixedBytes = 400;
constexpr std::size_t kBytesOfEntry = 6;  // quotes, separators, tags

}  // namespace

std::int64_t WorkerBytes(const Worker& worker) {
  std::size_t bytes = kFixedBytes + worker.id.size() + worker.config.region.size() +
                      worker.instance_id.size() + worker.status_reason.size() + worker.registered_from.size();
  for (const std::string& capability : worker.config.capabilities) bytes += capability.size() + kBytesOfEntry;
  for (const auto& [key, value] : worker.config.metadata) bytes += key.size() + value.size() + kBytesOfEntry;
  return static_cast<std::int64_t>(bytes);
}

}  // namespace muster
