// Requests as they reach the routes, answers as the routes give them, and the limits of both. Plain values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace muster::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Whether both are the same in ASCII, ignoring case: names of headers, codings, media types.
bool SameToken(std::string_view a, std::string_view b);

struct Request {
  std::string method;                 // "GET"; case matters
  std::string target;                 // as sent
  std::string path;                   // of the target, as sent, before '?'; begins with '/'
  std::vector<std::string> segments;  // the pieces of the path, percent-decoded, valid UTF-8; "/" has none
  Fields query;                       // decoded like an HTML form ('+' is a space), in order
  Fields headers;          // names in lower case; a repeated name occurs once, its values joined by ", "
  std::string body;        // without the framing of chunks
  std::string peer;        // "127.0.0.1:40312", the address in its usual text form
  std::string request_id;  // from the client, or made by the engine; the answer repeats it

  /// The value of a header, ignoring the case of `name`. Empty if there is none.
  std::string_view Header(std::string_view name) const;
  bool HasHeader(std::string_view name) const;
};

/// The engine adds what every answer has (Date, Server, Content-Length, Connection, X-Request-Id),
/// compresses, and leaves the body out if the method or the status has none. The values of headers contain no
/// line ends.
struct Response {
  int status = 200;
  std::string content_type;  // empty: no such header
  std::string body;
  Fields headers;
};

/// What a client may send, and how long it may take. Beyond a limit the client gets the status named here.
struct Limits {
  std::size_t target_bytes = 8 << 10;    // 414
  std::size_t headers_bytes = 16 << 10;  // 431
  std::size_t body_bytes = 64 << 10;     // 413

  absl::Duration headers_within = absl::Seconds(10);  // from their first byte; then 408 and closed
  absl::Duration body_within = absl::Seconds(30);     // from the end of the headers; then 408 and closed
  absl::Duration answer_within = absl::Seconds(30);   // for the client to take an answer; then closed
  absl::Duration idle = absl::Seconds(75);            // between requests; then closed without an answer
  absl::Duration linger = absl::Seconds(2);  // after a refusal, so that the client reads it before the reset
};

/// The parts of a request's target.
struct Target {
  std::string path;  // as sent
  std::vector<std::string> segments;
  Fields query;
};

/// "/workers/a%2Fb?status=Active" -> the path, {"workers", "a/b"}, {{"status", "Active"}}. A segment is the
/// text between two slashes, also if it is empty or "."; nothing is normalised. Also accepts
/// "http://host/path", which clients send to a proxy, and "*", which has no segments.
///
/// INVALID_ARGUMENT, with a sentence for the client, for a malformed escape, for %00, and for text that does
/// not decode to UTF-8.
absl::StatusOr<Target> ReadTarget(std::string_view target);

}  // namespace muster::http
