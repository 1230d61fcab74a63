// Clients for the tests of listening and accepting: raw sockets on the loopback.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "net/descriptor.h"
#include "net/listener.h"
#include "runtime/health_metrics.h"
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

/// What one interface has counted since this was made.
class Counted {
 public:
  explicit Counted(Interface interface) : interface_(interface), before_(Now()) {}

  std::int64_t accepted() const { return Now().accepted - before_.accepted; }
  std::int64_t open() const { return Now().open - before_.open; }
  std::int64_t in_all() const { return Now().in_all - before_.in_all; }
  std::int64_t by_address() const { return Now().by_address - before_.by_address; }
  std::int64_t for_files() const { return Now().for_files - before_.for_files; }

 private:
  struct Figures {
    std::int64_t accepted, open, in_all, by_address, for_files;
  };
  Figures Now() const {
    return {connections_accepted.value(interface_), connections_open.value(interface_),
            connections_refused.value(interface_, ConnectionRefusal::kInAll),
            connections_refused.value(interface_, ConnectionRefusal::kByAddress),
            connections_refused.value(interface_, ConnectionRefusal::kOpenFiles)};
  }

  Interface interface_;
  Figures before_;
};

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
