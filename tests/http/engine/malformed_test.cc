// Bytes that are no HTTP, or that two parsers could read differently. They are refused, and the connection is
// closed.
#include <random>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "echo.h"

namespace muster::http {
namespace {

using namespace std::string_view_literals;

struct Case {
  std::string_view bytes;
  int status;
};

constexpr std::string_view kNul = "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"sv;

const Case kMalformed[] = {
    // Lines.
    {"GET / HTTP/1.1\nHost: h\n\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400},
    {"GET / HTTP/1.1\rHost: h\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
    {"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    // The request line.
    {"GET /\r\n\r\n", 400},
    {"GET / \r\n\r\n", 400},
    {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
    {"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET / http/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
    {"GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"\x16\x03\x01\x02", 400},  // the first bytes of TLS
    {"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    // Escapes.
    {"GET /%4 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /a%00b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /%C3%28 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /\xFF HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /?a=%ff HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /?% HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    // Headers.
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\r\nNo colon\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\r\n: v\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\r\nX\x01: v\r\n\r\n", 400},
    {kNul, 400},
    {"GET / HTTP/1.1\r\nHost: h\r\nExpect: a-miracle\r\n\r\n", 417},
    {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n", 415},
    // The length of the body.
    {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 2\r\n\r\nab", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\na", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\na", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\na", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551616\r\n\r\na", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\na", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 501},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", 501},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0b"
     "chunked\r\n\r\n0\r\n\r\n",
     400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400},
    {"PUT / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    // Chunks.
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n\r\n", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\na\r\n", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1 bad\r\na\r\n0\r\n\r\n", 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nBad Trailer\r\n\r\n", 400},
};

std::string Excerpt(std::string_view bytes) {
  std::string shown;
  for (const char c : bytes) shown += c == '\r' ? "\\r" : c == '\n' ? "\\n" : std::string(1, c);
  return shown;
}

TEST_CASE("Malformed requests are refused with a reason, and the connection is closed") {
  EchoServer echo;
  for (const Case& each : kMalformed) {
    INFO(Excerpt(each.bytes));
    RawClient client = echo.Connect();
    // The bytes after it must not be read as a request.
    client.Send(absl::StrCat(std::string(each.bytes), "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"));
    const auto answer = client.Receive();
    REQUIRE(answer);
    CHECK(answer->status == each.status);
    CHECK(answer->Header("Connection") == "close");
    CHECK(answer->Header("Content-Type") == "application/problem+json");
    CHECK(answer->body.find('\n') > 10);
    CHECK_FALSE(answer->Header("X-Request-Id").empty());
    CHECK(client.Closes());
    CHECK(echo.handler.last().path.empty());
  }
}

TEST_CASE("A refusal has the request's id and path if they were read") {
  EchoServer echo;
  const auto answer = echo.Ask(
      "PUT /a HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\nContent-Encoding: gzip\r\nContent-Length: "
      "1\r\n\r\n");
  CHECK(answer.status == 415);
  CHECK(answer.Header("X-Request-Id") == "mine");
  CHECK(answer.body.ends_with("\n/a"));
}

TEST_CASE("Two equal lengths and an empty Host header are accepted") {
  EchoServer echo;
  CHECK(echo.Ask("PUT / HTTP/1.1\r\nHost:\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na").body ==
        "PUT\n/\na");
}

TEST_CASE("The server continues to serve after any bytes") {
  EchoServer echo;
  std::mt19937 random(20'261'123);  // the same every time
  const auto below = [&random](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  constexpr std::string_view kInteresting = "\0\r\n :;%,\t\"\xFF\x80/?#0aHP"sv;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(kMalformed[below(std::size(kMalformed))].bytes);
    for (std::size_t change = below(6); change > 0 && !bytes.empty(); --change) {
      const std::size_t at = below(bytes.size());
      const char byte = kInteresting[below(kInteresting.size())];
      switch (below(3)) {
        case 0:
          bytes[at] = byte;
          break;
        case 1:
          bytes.insert(at, 1 + below(3), byte);
          break;
        default:
          bytes.erase(at, 1 + below(4));
      }
    }
    RawClient client = echo.Connect();
    const std::size_t cut = below(bytes.size() + 1);
    client.Send(bytes.substr(0, cut));
    client.Send(bytes.substr(cut));
    client.EndSending();
    // Every answer is complete. Then the connection ends.
    while (const auto answer = client.Receive()) CHECK(answer->status >= 100);
  }
  CHECK(echo.Ask("GET /still HTTP/1.1\r\nHost: h\r\n\r\n").body == "GET\n/still\n");
}

}  // namespace
}  // namespace muster::http
