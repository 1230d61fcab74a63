// Asking the processor for memory that is going to be read, so that nobody waits for it.
#pragma once

namespace muster {

/// The cache line at `address`, which need not be readable.
[[gnu::always_inline]] inline void Prefetch(const void* address) {
  __builtin_prefetch(address);
  // GCC takes a function that does nothing but prefetch for one that does nothing, and leaves its calls out.
  asm volatile("");
}

}  // namespace muster
