// Compression of answers.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace muster::http {

/// Answers shorter than this are sent as they are.
inline constexpr std::size_t kMinGzipBytes = 1024;

/// Whether a body of this type gains from compression. Pure.
bool Compressible(std::string_view content_type);

/// Compresses one body, a slice at a time: the thread serves others in between. Not thread-safe.
class Gzip {
 public:
  explicit Gzip(std::string body);
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  /// Works on the next slice, about a millisecond. True when all is done.
  bool Step();
  /// Once, when done. The body as it was if memory did not suffice.
  std::string TakeBody() { return failed_ ? std::move(body_) : std::move(compressed_); }
  bool failed() const { return failed_; }

 private:
  std::string body_;
  std::string compressed_;
  std::size_t taken_ = 0;
  std::size_t made_ = 0;
  z_stream stream_ = {};
  bool failed_ = false;
};

}  // namespace muster::http
