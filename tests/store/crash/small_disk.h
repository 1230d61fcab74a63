// A disk of a few megabytes for one test process: a tmpfs in a mount namespace of its own, which ends with
// the process.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace muster::testing {

class SmallDisk {
 public:
  /// Mounts at `directory`. Returns nothing where neither root nor user namespaces may mount; `why_not` says
  /// why.
  static std::optional<SmallDisk> Mount(const std::string& directory, int megabytes, std::string* why_not);

  SmallDisk(SmallDisk&& other) noexcept : directory_(std::exchange(other.directory_, "")) {}
  SmallDisk& operator=(SmallDisk&&) = delete;
  ~SmallDisk();

  /// Leaves no free block.
  void Fill() const;
  void MakeRoom() const;

 private:
  explicit SmallDisk(std::string directory) : directory_(std::move(directory)) {}

  std::string directory_;
};

}  // namespace muster::testing
