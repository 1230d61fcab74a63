// A musterd of our own for a while: on a free port of the loopback, with its store in a temporary directory.
//
// Gone with this object, whatever happens in between: the process is ended by its id, the directory removed.
// If this process is killed, the daemon ends as well (the directory then stays). Thread-compatible.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace muster::ctl {

class Interrupt;

/// Where musterd is: beside `executable`, else in PATH; empty if it is in neither.
std::string FindMusterd(const std::string& executable);

class PrivateDaemon {
 public:
  explicit PrivateDaemon(Interrupt& interrupt) : interrupt_(interrupt) {}
  ~PrivateDaemon();
  PrivateDaemon(const PrivateDaemon&) = delete;
  PrivateDaemon& operator=(const PrivateDaemon&) = delete;

  /// Starts `musterd` and waits for its address. Returns what went wrong, or nothing. Call once.
  std::optional<std::string> Start(const std::string& musterd, const std::vector<std::string>& flags);

  /// "127.0.0.1:43121". Precondition: Start returned nothing.
  const std::string& address() const { return address_; }

 private:
  bool HasEnded();
  std::string LastWords() const;
  void Stop();

  Interrupt& interrupt_;
  std::string directory_;
  std::string address_;
  pid_t pid_ = -1;  // -1: not running
};

}  // namespace muster::ctl
