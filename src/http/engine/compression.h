// Compression of answers: which clients take gzip, which bodies gain from it, how a body is compressed, and
// which entity tag the result has.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "http/message.h"

namespace muster::http {

/// Answers shorter than this are sent as they are.
inline constexpr std::size_t kMinGzipBytes = 1024;

/// Whether an answer may be sent with gzip, by the value of Accept-Encoding. gzip must be named or covered by
/// "*", with a q that is not 0 and not below the q of "identity". Pure.
bool TakesGzip(std::string_view accept_encoding);

/// Whether a body of this type gains from compression. Pure.
bool Compressible(std::string_view content_type);

/// Compresses one body, one slice at a time: the thread serves other connections in between. Not thread-safe.
class Gzip {
 public:
  explicit Gzip(std::string body);
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  /// Compresses the next slice, which takes about a millisecond. True when all is done.
  bool Step();
  /// Call it once, when done. Returns the original body if there was not enough memory.
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

// A compressed answer is another representation, and RFC 9110 gives it a strong tag of its own: here "5"
// becomes "5-gzip". Only the engine knows the suffix. It removes the suffix from If-Match and If-None-Match,
// so that a client may send back either tag.

/// "5" -> "5-gzip". A weak tag stays as it is, because it does not promise equal bytes. Pure.
std::string TagOfGzip(std::string_view tag);

/// Removes the suffix from the tags in If-Match and If-None-Match. Returns the original value of
/// If-None-Match if it changed. Pure.
std::string TakeGzipTags(Fields& headers);

}  // namespace muster::http
