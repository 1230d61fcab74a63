// Connections that this process makes to itself, to see that it can be heard.
#pragma once

#include <array>
#include <atomic>

namespace muster::net {

/// The limit by address does not hold for them. Thread-safe, without locks.
class LocalConnections {
 public:
  /// As many can be registered at the same time.
  static constexpr std::size_t kMost = 32;

  /// The local port of a socket that is bound to the loopback: call it before the socket connects. False if
  /// too many are registered; then the connection counts like any other.
  bool Add(int port) {
    for (std::atomic<int>& each : ports_) {
      int free = 0;
      if (each.compare_exchange_strong(free, port)) return true;
    }
    return false;
  }
  /// After the socket is closed.
  void Remove(int port) {
    for (std::atomic<int>& each : ports_) {
      int found = port;
      if (each.compare_exchange_strong(found, 0)) return;
    }
  }
  bool Has(int port) const {
    for (const std::atomic<int>& each : ports_) {
      if (port != 0 && each.load(std::memory_order_acquire) == port) return true;
    }
    return false;
  }

 private:
  std::array<std::atomic<int>, kMost> ports_ = {};
};

}  // namespace muster::net
