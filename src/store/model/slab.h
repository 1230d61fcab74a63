// A growing array whose elements stay where they are: growing never copies, so it never makes readers wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace muster {

/// Indexed by a worker's slot. Elements are value-initialised. Not thread-safe.
template <typename T>
class Slab {
 public:
  void GrowTo(std::size_t size) {
    while (chunks_.size() * kChunk < size) chunks_.push_back(std::make_unique<T[]>(kChunk));
  }
  T& operator[](std::uint32_t slot) { return chunks_[slot / kChunk][slot % kChunk]; }
  const T& operator[](std::uint32_t slot) const { return chunks_[slot / kChunk][slot % kChunk]; }

 private:
  static constexpr std::size_t kChunk = 8192;
  std::vector<std::unique_ptr<T[]>> chunks_;
};

inline constexpr std::uint32_t kNoSlot = 0xffffffff;

}  // namespace muster
