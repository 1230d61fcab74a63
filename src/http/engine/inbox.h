// What has arrived on a connection and is not yet taken.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace muster::http {

/// Not thread-safe.
class Inbox {
 public:
  void Append(std::string_view bytes) {
    bytes_.erase(0, taken_);
    taken_ = 0;
    bytes_.append(bytes);
  }
  std::string_view rest() const { return std::string_view(bytes_).substr(taken_); }
  void Take(std::size_t bytes) {
    taken_ += bytes;
    if (taken_ < bytes_.size()) return;
    taken_ = 0;
    bytes_.clear();
    // A connection that waits shall not hold on to the memory of its largest request.
    if (bytes_.capacity() > kKeptBytes) bytes_.shrink_to_fit();
  }

 private:
  static constexpr std::size_t kKeptBytes = 4096;
  std::string bytes_;
  std::size_t taken_ = 0;
};

}  // namespace muster::http
