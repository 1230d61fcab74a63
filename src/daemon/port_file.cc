#include "daemon/port_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace muster::daemon {

PortFile::~PortFile() {
  if (!path_.empty()) (void)std::remove(path_.c_str());
}

absl::Status PortFile::Write(const std::string& path, const std::string& address) {
  const std::string draft = absl::StrCat(path, ".", ::getpid());
  std::ofstream file(draft);
  file << address << "\n";
  file.close();
  if (!file || std::rename(draft.c_str(), path.c_str()) != 0) {
    const std::string why = std::strerror(errno);
    (void)std::remove(draft.c_str());
    return absl::UnavailableError(absl::StrCat("cannot write the port file ", path, ": ", why));
  }
  path_ = path;
  return absl::OkStatus();
}

}  // namespace muster::daemon
