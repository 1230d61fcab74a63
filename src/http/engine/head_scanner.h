// Finds the end of a request's head in the bytes that have arrived so far. Refuses text that parsers are
// known to read in different ways: a line that ends in a bare LF, a CR inside a line, a folded line.
// Otherwise a proxy in front of the daemon could see other requests than the daemon does.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace muster::http {

/// Why the engine itself refuses a request.
struct Refusal {
  int status;          // of the answer
  std::string detail;  // a sentence for the client
};

/// One for each request. Not thread-safe.
class HeadScanner {
 public:
  /// The limits must outlive it.
  explicit HeadScanner(const Limits& limits) : limits_(&limits) {}

  /// `bytes` is all that has arrived of the request; each call passes more. Each byte is looked at once. A
  /// refusal is final.
  std::optional<Refusal> Look(std::string_view bytes);

  /// Whether the head is complete. It then lies in [begin, end) of the bytes.
  bool done() const { return end_ != 0; }
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return end_; }

 private:
  std::optional<Refusal> LookAtLine(std::string_view line, std::size_t next);
  std::optional<Refusal> TooLong(std::size_t size) const;

  const Limits* limits_;
  std::size_t begin_ = 0;    // of the request line
  std::size_t headers_ = 0;  // where the headers begin; 0: not yet known
  std::size_t line_ = 0;     // where the incomplete line begins
  std::size_t seen_ = 0;     // that line was searched up to here
  std::size_t end_ = 0;
};

}  // namespace muster::http
