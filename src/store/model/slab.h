// The memory under the model: an array by slot, and how to ask the processor for a part of it early.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace muster {

/// A growing array, indexed by a worker's slot. Elements stay where they are: to grow copies nothing, so
/// readers do not wait for it. Elements are value-initialised. Not thread-safe.
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

/// Asks the processor for the cache line at `address`, which need not be readable: so that a later read does
/// not wait for memory.
[[gnu::always_inline]] inline void Prefetch(const void* address) {
  __builtin_prefetch(address);
  // GCC takes a function that only prefetches for one that does nothing, and leaves its calls out.
  asm volatile("");
}

}  // namespace muster
