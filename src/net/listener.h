// Sockets that listen.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "net/descriptor.h"
#include "net/unix_path.h"
#include "runtime/listen_address.h"

namespace muster::net {

/// Listens from Open to its end. Owns its sockets, and the path of a unix socket. Not thread-safe.
class Listener {
 public:
  /// Listens on every address that the host name resolves to (localhost: IPv4 and IPv6), on one port.
  /// 0.0.0.0 is all of IPv4; [::] is all of both. An address that is in use is an error, which says what to
  /// do; a unix socket on which no process listens any more is replaced.
  static absl::StatusOr<Listener> Open(const ListenAddress& address);

  /// With the real port.
  const ListenAddress& address() const { return address_; }
  /// Non-blocking.
  const std::vector<Descriptor>& sockets() const { return sockets_; }

 private:
  explicit Listener(ListenAddress address) : address_(std::move(address)) {}

  absl::Status OpenUnix();
  absl::Status OpenTcp();
  absl::Status CannotListen(const std::string& why) const;

  // A member is destroyed before the members above it: the path goes after the socket.
  ListenAddress address_;
  std::optional<UnixPath> path_;
  std::vector<Descriptor> sockets_;
};

}  // namespace muster::net
