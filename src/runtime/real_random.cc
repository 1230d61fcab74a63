#include "runtime/real_random.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace muster {
namespace {

constexpr std::size_t kMaxBytesAtOnce = 256;  // the limit of getentropy

}  // namespace

std::uint64_t RealRandom::Bits() {
  thread_local std::uint64_t state = (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
  state += 0x9E3779B97F4A7C15u;  // SplitMix64
  std::uint64_t bits = state;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
  return bits ^ (bits >> 31);
}

void RealRandom::Fill(std::span<char> bytes) {
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), kMaxBytesAtOnce);
    if (getentropy(bytes.data(), part) != 0) std::abort();
    bytes = bytes.subspan(part);
  }
}

}  // namespace muster
