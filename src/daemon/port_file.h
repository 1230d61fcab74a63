// The file that tells others where the daemon listens.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace muster::daemon {

/// Exists while this object does; appears whole or not at all.
class PortFile {
 public:
  PortFile() = default;
  ~PortFile();
  PortFile(const PortFile&) = delete;
  PortFile& operator=(const PortFile&) = delete;

  /// Writes `address` and a newline to `path`. An error says what failed.
  absl::Status Write(const std::string& path, const std::string& address);

 private:
  std::string path_;
};

}  // namespace muster::daemon
