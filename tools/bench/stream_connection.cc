#include "stream_connection.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace muster::bench {
namespace {

constexpr std::size_t kFrame = 5;  // gRPC's prefix

std::uint32_t SizeIn(std::string_view frame) {
  std::uint32_t size = 0;
  for (std::size_t i = 1; i < kFrame; ++i) size = size << 8 | static_cast<std::uint8_t>(frame[i]);
  return size;
}

/// A framed HeartbeatRequest, as the field of a StreamHeartbeatsRequest that holds it.
void AppendAsStreamed(std::string_view framed, std::string& out) {
  const std::string_view message = framed.substr(kFrame);
  const auto size = static_cast<std::uint32_t>(message.size());  // below 128: one byte of varint
  const std::uint32_t whole = size + 2;
  for (const std::uint32_t byte : {0U, whole >> 24, whole >> 16, whole >> 8, whole, 0x0aU, size}) {
    out.push_back(static_cast<char>(byte));
  }
  out.append(message);
}

}  // namespace

struct StreamConnection::Callbacks {
  static StreamConnection& Of(void* user) { return *static_cast<StreamConnection*>(user); }

  static ssize_t ReadBody(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t room,
                          std::uint32_t* flags, nghttp2_data_source* source, void*) {
    StreamConnection& self = Of(source->ptr);
    const std::size_t size = std::min(room, self.outgoing_.size() - self.outgoing_at_);
    if (size == 0) {
      if (!self.half_close_) return NGHTTP2_ERR_DEFERRED;
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      return 0;
    }
    std::copy_n(self.outgoing_.data() + self.outgoing_at_, size, out);
    self.outgoing_at_ += size;
    if (self.outgoing_at_ == self.outgoing_.size()) {
      self.outgoing_.clear();
      self.outgoing_at_ = 0;
    }
    return static_cast<ssize_t>(size);
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
    const std::string_view header(reinterpret_cast<const char*>(name), name_size);
    const std::string_view text(reinterpret_cast<const char*>(value), value_size);
    StreamConnection& self = Of(user);
    if (header == "grpc-status") {
      std::from_chars(text.data(), text.data() + text.size(), self.status_);
    } else if (header == "grpc-message" && self.tally_.first_refusal.empty()) {
      self.tally_.first_refusal = text;
    }
    return 0;
  }

  static int OnData(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* data, std::size_t size,
                    void* user) {
    Of(user).Receive(data, size);
    return 0;
  }

  static int OnClose(nghttp2_session*, std::int32_t, std::uint32_t, void* user) {
    Of(user).closed_ = true;
    return 0;
  }
};

StreamConnection::StreamConnection(int port, int in_flight, Workload& workload, Tally& tally)
    : workload_(workload),
      tally_(tally),
      in_flight_(in_flight),
      client_(port, {Callbacks::OnHeader, Callbacks::OnData, Callbacks::OnClose}, this) {}

bool StreamConnection::Start() {
  if (!client_.Start()) return false;
  nghttp2_data_provider body = {};
  body.source.ptr = this;
  body.read_callback = Callbacks::ReadBody;
  for (int i = 0; i < in_flight_; ++i) Send();
  stream_ = client_.Submit("/muster.v1.WorkerCommands/StreamHeartbeats", body, nullptr);
  return stream_ >= 0 && Write();
}

void StreamConnection::Send() {
  if (tally_.stop || !workload_.Next(request_)) return;
  AppendAsStreamed(request_, outgoing_);
  sent_ns_.push_back(NowNanos());
}

bool StreamConnection::HalfClose() {
  half_close_ = true;
  nghttp2_session_resume_data(client_.session(), stream_);
  return Write();
}

void StreamConnection::Receive(const std::uint8_t* data, std::size_t size) {
  incoming_.append(reinterpret_cast<const char*>(data), size);
  std::size_t at = 0;
  while (incoming_.size() - at >= kFrame) {
    const std::size_t message = SizeIn(std::string_view(incoming_).substr(at));
    if (incoming_.size() - at < kFrame + message) break;
    Count(incoming_.data() + at + kFrame, message);
    at += kFrame + message;
  }
  incoming_.erase(0, at);
}

void StreamConnection::Count(const char* message, std::size_t size) {
  if (sent_ns_.empty()) {  // an answer to nothing
    ++tally_.refused[-1];
    return;
  }
  const std::int64_t took_ns = NowNanos() - sent_ns_.front();
  sent_ns_.pop_front();
  ++tally_.answered;
  const bool readable = answer_.ParseFromArray(message, static_cast<int>(size));
  if (!readable || answer_.result().has_error() || !answer_.has_recorded_at()) {
    ++tally_.refused[readable ? answer_.result().error().code() : -1];
    if (tally_.first_refusal.empty()) tally_.first_refusal = answer_.result().error().message();
  } else {
    ++tally_.ok;
    ++tally_.accepted;
    if (tally_.measure) {
      ++tally_.measured;
      ++tally_.measured_accepted;
      tally_.latencies_us.push_back(static_cast<std::uint32_t>(took_ns / 1000));
    }
  }
  Send();
}

bool StreamConnection::Write() {
  if (!outgoing_.empty()) nghttp2_session_resume_data(client_.session(), stream_);
  return client_.Write();
}

}  // namespace muster::bench
