#include "http/engine/compression.h"

#include <zlib.h>

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "echo.h"

namespace muster::http {
namespace {

std::string Inflate(std::string_view bytes, std::size_t size) {
  std::string out(size + 1, '\0');
  z_stream stream = {};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string in(bytes);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

std::string Get(std::string_view target, std::string_view headers = "Accept-Encoding: gzip\r\n") {
  return absl::StrCat("GET ", std::string(target), " HTTP/1.1\r\nHost: h\r\n", std::string(headers), "\r\n");
}

TEST_CASE("Accept-Encoding and its weights decide whether a client takes gzip") {
  for (const char* yes : {"gzip", "GZIP", "x-gzip", "deflate, gzip;q=0.5", "*", "br;q=1.0, *;q=0.1",
                          "gzip ; q=0.001", "identity;q=0.5, gzip", "identity, gzip", "gzip;q=0, x-gzip"}) {
    INFO(yes);
    CHECK(TakesGzip(yes));
  }
  for (const char* no : {"", "identity", "deflate, br", "gzip;q=0", "gzip;q=0.000", "*;q=0", "*, gzip;q=0",
                         "identity;q=1, gzip;q=0.5", "gzip;q=2", "gzip;q=x", "gzip;q=", "gzip;level=1",
                         "gzipped", "gzip;q=0.0001", ",;,"}) {
    INFO(no);
    CHECK_FALSE(TakesGzip(no));
  }
}

TEST_CASE("Text is compressed, already compressed types are not") {
  for (const char* yes : {"application/json", "application/problem+json", "text/html; charset=utf-8",
                          "image/svg+xml", "application/openapi+JSON;version=3.1"}) {
    CHECK(Compressible(yes));
  }
  for (const char* no :
       {"", "image/png", "application/octet-stream", "text/event-stream", "application/jsonx"}) {
    CHECK_FALSE(Compressible(no));
  }
}

TEST_CASE("A long answer is compressed for clients that take gzip, and has Vary") {
  EchoServer echo;
  const RawAnswer packed = echo.Ask(Get("/big?3000000"));  // more than a slice
  CHECK(packed.Header("Content-Encoding") == "gzip");
  CHECK(packed.Header("Vary") == "Accept-Encoding");
  CHECK(packed.body.size() < 30'000);
  CHECK(Inflate(packed.body, 3'000'000) == std::string(3'000'000, 'x'));

  const RawAnswer plain = echo.Ask(Get("/big?3000", ""));
  CHECK(plain.Header("Content-Encoding").empty());
  CHECK(plain.Header("Vary") == "Accept-Encoding");
  CHECK(plain.body.size() == 3000);

  const RawAnswer smaller = echo.Ask(Get("/big?1023"));
  CHECK(smaller.Header("Content-Encoding").empty());
  CHECK(smaller.Header("Vary").empty());
}

TEST_CASE("HEAD has the length of GET, also for a compressed answer") {
  EchoServer echo;
  RawClient client = echo.Connect();
  client.Send("HEAD /big?2000 HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
  const auto head = client.Receive(true);
  const auto get = client.Ask(Get("/big?2000"));
  REQUIRE(head);
  REQUIRE(get);
  CHECK(head->Header("Content-Encoding") == "gzip");
  CHECK(head->Header("Content-Length") == get->Header("Content-Length"));
}

TEST_CASE("An answer has two tags, compressed and plain, and a client may send either back") {
  EchoServer echo;
  CHECK(echo.Ask(Get("/big?2000", "")).Header("ETag") == "\"5\"");
  CHECK(echo.Ask(Get("/big?2000")).Header("ETag") == "\"5-gzip\"");
  CHECK(echo.Ask(Get("/big?10")).Header("ETag") == "\"5\"");
  // The handler knows only the plain one.
  const RawAnswer match = echo.Ask(Get("/tag", "If-Match: \"5-gzip\", \"6-gzip\", W/\"7\"\r\n"));
  CHECK(match.Header("X-Seen-If-Match") == "\"5\", \"6\", W/\"7\"");
  const RawAnswer same = echo.Ask(Get("/tag", "If-None-Match: \"5-gzip\"\r\nAccept-Encoding: gzip\r\n"));
  CHECK(same.status == 304);
  CHECK(same.Header("ETag") == "\"5-gzip\"");
  CHECK(same.AllOf("Content-Length").empty());
  CHECK(echo.Ask(Get("/tag", "If-None-Match: \"5\"\r\n")).Header("ETag") == "\"5\"");
}

}  // namespace
}  // namespace muster::http
