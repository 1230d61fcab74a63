// A file descriptor that has an owner.
#pragma once

#include <unistd.h>

#include <utility>

namespace muster::net {

/// Closes its descriptor, if it has one. Not thread-safe.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { Reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Reset(other.Release());
    return *this;
  }

  /// Negative if there is none.
  int get() const { return number_; }
  bool open() const { return number_ >= 0; }
  /// From now on the caller owns it.
  int Release() { return std::exchange(number_, -1); }
  void Reset(int number = -1) {
    if (number_ >= 0) ::close(number_);
    number_ = number;
  }

 private:
  int number_ = -1;
};

}  // namespace muster::net
