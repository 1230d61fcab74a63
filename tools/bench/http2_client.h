// An HTTP/2 session with a server on this machine, on a socket that never blocks.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::bench {

/// Monotonic.
std::int64_t NowNanos();

/// Not thread-safe. Whoever waits for the socket does so for reading, and for writing while wants_write().
class Http2Client {
 public:
  /// What the session calls, with `user` as the last argument.
  struct Callbacks {
    nghttp2_on_header_callback on_header;
    nghttp2_on_data_chunk_recv_callback on_data;
    nghttp2_on_stream_close_callback on_close;
  };

  Http2Client(int port, const Callbacks& callbacks, void* user);
  ~Http2Client();
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  int fd() const { return fd_; }
  bool wants_write() const { return !unsent_.empty(); }
  nghttp2_session* session() const { return session_; }

  /// A gRPC request, sent with the next Write. `path` must live until then; the callbacks find `call` by its
  /// stream. Returns the stream; negative: it could not be made.
  std::int32_t Submit(std::string_view path, const nghttp2_data_provider& body, void* call);

  // False where the connection is lost.

  /// Before all others.
  [[nodiscard]] bool Start();
  /// Hands what came to the session; what that set off waits for the next Write.
  [[nodiscard]] bool Read();
  [[nodiscard]] bool Write();

 private:
  const int fd_;
  const std::string authority_;
  nghttp2_session* session_ = nullptr;
  std::string unsent_;  // what the socket did not take
};

}  // namespace muster::bench
