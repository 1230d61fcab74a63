#include "http2_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

namespace muster::bench {
namespace {

constexpr std::int32_t kWindow = 16 << 20;

int ConnectTo(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(fd);
    return -1;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

nghttp2_nv Header(std::string_view name, std::string_view value) {
  // nghttp2 does not write through these.
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

}  // namespace

std::int64_t NowNanos() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

Http2Client::Http2Client(int port, const Callbacks& callbacks, void* user)
    : fd_(ConnectTo(port)), authority_("127.0.0.1:" + std::to_string(port)) {
  nghttp2_session_callbacks* all = nullptr;
  nghttp2_session_callbacks_new(&all);
  nghttp2_session_callbacks_set_on_header_callback(all, callbacks.on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(all, callbacks.on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(all, callbacks.on_close);
  nghttp2_session_client_new(&session_, all, user);
  nghttp2_session_callbacks_del(all);
}

Http2Client::~Http2Client() {
  nghttp2_session_del(session_);
  if (fd_ >= 0) close(fd_);
}

bool Http2Client::Start() {
  if (fd_ < 0) return false;
  const std::array settings = {nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                               nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
  return true;
}

std::int32_t Http2Client::Submit(std::string_view path, const nghttp2_data_provider& body, void* call) {
  const std::array headers = {Header(":method", "POST"),
                              Header(":scheme", "http"),
                              Header(":path", path),
                              Header(":authority", authority_),
                              Header("content-type", "application/grpc"),
                              Header("te", "trailers")};
  return nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &body, call);
}

bool Http2Client::Read() {
  std::array<std::uint8_t, 64 << 10> buffer;
  const ssize_t size = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  return nghttp2_session_mem_recv(session_, buffer.data(), static_cast<std::size_t>(size)) >= 0;
}

bool Http2Client::Write() {
  // Gathered first, so that what one read set off costs one write.
  const std::uint8_t* data = nullptr;
  ssize_t size = 0;
  while ((size = nghttp2_session_mem_send(session_, &data)) > 0) {
    unsent_.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  if (size < 0) return false;
  if (unsent_.empty()) return true;
  const ssize_t taken = send(fd_, unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (taken < 0) return errno == EAGAIN || errno == EINTR;
  unsent_.erase(0, static_cast<std::size_t>(taken));
  return true;
}

}  // namespace muster::bench
