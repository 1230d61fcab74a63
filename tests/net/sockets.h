// Clients for the tests of listening and accepting: raw sockets on the loopback.
#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "net/descriptor.h"
#include "net/listener.h"
#include "runtime/listen_address.h"

namespace muster::net {

/// Listens on a free port of 127.0.0.1.
Listener ListenOnLoopback();

/// Connects. No socket if that fails.
Descriptor Connect(const ListenAddress& address);
/// Whether the server closes the connection, after whatever it says; waits up to ten seconds for each part.
bool IsClosed(const Descriptor& client);
/// Waits until it is so, at most for ten seconds; says whether it is.
bool Until(absl::FunctionRef<bool()> condition);
/// How many files this process has open.
std::size_t OpenFiles();

/// Removes itself, and what is left in it.
struct Directory {
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ListenAddress Socket(const std::string& name) const;

  std::string path;
};

/// While it lives, this process can open no more files than it has open, and `more`.
class FewFiles {
 public:
  explicit FewFiles(int more = 0);
  ~FewFiles();
  FewFiles(const FewFiles&) = delete;
  FewFiles& operator=(const FewFiles&) = delete;

 private:
  unsigned long before_;
};

}  // namespace muster::net
