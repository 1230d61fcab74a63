#include "roll/instance_id.h"

#include <unistd.h>

#include <cstdlib>

#include "absl/strings/escaping.h"

namespace muster {

std::string NewInstanceId() {
  char bytes[16];
  // Fails only on a kernel without the call; a guessable id would be worse than a crash.
  if (getentropy(bytes, sizeof bytes) != 0) std::abort();
  return absl::BytesToHexString({bytes, sizeof bytes});
}

}  // namespace muster
