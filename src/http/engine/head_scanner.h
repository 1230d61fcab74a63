// Finds the end of a request's head in what has arrived so far, and refuses what parsers are known to read in
// different ways: a line that ends in a bare LF, a CR inside a line, a folded line. So that nobody in front
// of the daemon can be led to see other requests than it does.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "http/engine/refusal.h"
#include "http/limits.h"

namespace muster::http {

/// One for each request. Not thread-safe.
class HeadScanner {
 public:
  /// The limits must outlive it.
  explicit HeadScanner(const Limits& limits) : limits_(&limits) {}

  /// `bytes`: all that has arrived of the request, each time more. Looks at each byte once. A refusal is
  /// final.
  std::optional<Refusal> Look(std::string_view bytes);

  /// Whether the head is all there; then it stands in [begin, end) of the bytes.
  bool done() const { return end_ != 0; }
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return end_; }

 private:
  std::optional<Refusal> LookAtLine(std::string_view line, std::size_t next);
  std::optional<Refusal> TooLong(std::size_t size) const;

  const Limits* limits_;
  std::size_t begin_ = 0;    // of the request line
  std::size_t headers_ = 0;  // where the headers begin; 0: not there yet
  std::size_t line_ = 0;     // where the line begins that is not complete
  std::size_t seen_ = 0;     // up to where that line was searched
  std::size_t end_ = 0;
};

}  // namespace muster::http
