#include "runtime/boot_id.h"

#include <fstream>

namespace muster {

std::string ReadBootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return file ? id : "";
}

}  // namespace muster
