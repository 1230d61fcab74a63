#include "store/model/token_key.h"

#include <cstdint>
#include <random>

namespace muster {

std::string NewTokenKey() {
  std::random_device random;  // the kernel's generator
  std::string key;
  while (key.size() < 32) {
    const std::uint32_t word = random();
    for (unsigned shift = 0; shift < 32; shift += 8) key.push_back(static_cast<char>(word >> shift));
  }
  return key;
}

}  // namespace muster
