#include "store/token_key.h"

namespace muster {

std::string NewTokenKey(Random& random) {
  std::string key(32, '\0');
  random.Fill(key);
  return key;
}

}  // namespace muster
