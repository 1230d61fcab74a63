// A request as it reaches the routes, and an answer as they give it. Plain values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Whether both are the same in ASCII, case ignored: names of headers, codings, media types.
bool SameToken(std::string_view a, std::string_view b);

struct Request {
  std::string method;                 // "GET"; case matters
  std::string target;                 // as sent
  std::string path;                   // of the target, as sent, before '?'; begins with '/'
  std::vector<std::string> segments;  // the pieces of the path, percent-decoded, valid UTF-8; "/" has none
  Fields query;                       // decoded as HTML forms encode ('+' is a space), in order
  Fields
      headers;  // names in lower case; a name that came several times stands once, its values joined by ", "
  std::string body;        // without its chunks
  std::string peer;        // "127.0.0.1:40312", as people write it
  std::string request_id;  // the client's, or ours; the answer carries it

  /// The value of a header, case of `name` ignored; empty if there is none.
  std::string_view Header(std::string_view name) const;
  bool HasHeader(std::string_view name) const;
};

/// The engine adds what every answer has (Date, Server, Content-Length, Connection, X-Request-Id),
/// compresses, and leaves the body out where the method or the status has none. Values of headers hold no
/// line ends.
struct Response {
  int status = 200;
  std::string content_type;  // empty: no such header
  std::string body;
  Fields headers;
};

}  // namespace muster::http
