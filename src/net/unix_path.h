// The right to listen at a path: one process at a time has it.
#pragma once

#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "net/descriptor.h"

namespace muster::net {

/// A lock on PATH.lock, which ends with the process. So of two processes that start at the same time one gets
/// the path, and a socket that a killed process left is replaced. Not thread-safe.
class UnixPath {
 public:
  /// Takes the path and removes an abandoned socket from it. An error says, in a part of a sentence, why not:
  /// another process has it, or there is a file that is no socket.
  static absl::StatusOr<UnixPath> Take(const std::string& path);
  /// Removes the socket, if it is still the one of Remember, and the lock.
  ~UnixPath();
  UnixPath(UnixPath&&) = default;
  UnixPath& operator=(UnixPath&&) = delete;

  /// The socket that is at the path now is ours.
  void Remember();

 private:
  UnixPath(std::string path, Descriptor lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  Descriptor lock_;
  dev_t device_ = 0;
  ino_t inode_ = 0;  // 0: none is ours yet
};

}  // namespace muster::net
